"""What the steps of the studio share: the draft that is worked on, who may, what is wrong with it, and its page."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from config.spec_file import Mistake, SpecFile
from contracts.agency import AgencySpec
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor
from hub.admin.studio.steps import Step, by_step
from hub.admin.studio.tools import Seen, Tools, seen_in
from hub.secrets.keeping import HubSecrets
from hub.specs.drafts import Draft, Drafts
from hub.specs.editing import Path as Place
from hub.specs.parts import SpecParts
from hub.specs.reach import beyond, may_look
from hub.specs.specs import SpecWrong

#: No form of a step is longer.
_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Work:
    """A draft, and somebody who works on it."""

    visitor: Visitor
    draft: Draft
    file: SpecFile
    mistakes: list[Mistake]

    @property
    def agency(self) -> str:
        return self.draft.agency

    @property
    def actor(self) -> str:
        return self.visitor.caller.name

    @property
    def parts(self) -> AgencySpec:
        """The spec, as far as it is right."""
        return self.file.parts

    @property
    def wrong(self) -> list[Mistake]:
        return [each for each in self.mistakes if not each.warning]

    @property
    def ordered(self) -> bool:
        """Whether something is to be done, and not only shown."""
        return self.visitor.request.method == "POST"

    @property
    def seen(self) -> Seen | None:
        """The last trial, as long as it is kept."""
        return seen_in(self.draft)


Handler = Callable[[Work], Awaitable[Response]]


class Bench:
    def __init__(self, desk: Desk, parts: SpecParts, drafts: Drafts, tools: Tools, secrets: HubSecrets) -> None:
        self.desk, self.parts, self.drafts = desk, parts, drafts
        self.tools, self.secrets = tools, secrets

    def step(self, step: Step) -> Callable[[Handler], Handler]:
        """The page of a step, and what is done there."""

        def add(handler: Handler) -> Handler:
            async def handle(visitor: Visitor) -> Response:
                agency = visitor.request.path_params["agency"]
                draft = await self.drafts.of(agency)
                if draft is None or not may_look(visitor.caller, draft):
                    return self.desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
                work = await self._work(visitor, draft)
                if not work.file.document:
                    # Steps change values: there are none.
                    return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?do=check", 303)
                try:
                    return await handler(work)
                except SpecWrong as error:
                    return self.page(work, step, 422, wrong=sentences(error.mistakes))

            handle.__name__ = step.value
            path = f"/studio/{{agency}}/{step.value}"
            self.desk.get(path, Scope.ADMIN_OPERATE, of_agency=True)(handle)
            self.desk.post(path, Scope.ADMIN_OPERATE, of_agency=True, largest=_LARGEST)(handle)
            return handler

        return add

    async def _work(self, visitor: Visitor, draft: Draft) -> Work:
        file = SpecFile(Path(f"{draft.agency}.yaml"), text=draft.text)
        mistakes = await self.parts.specs.check(draft.agency, draft.text)
        current = await self.parts.specs.current(draft.agency)
        mistakes += beyond(visitor.caller, current.text if current else None, draft.text)
        return Work(visitor, draft, file, mistakes)

    async def edit(self, work: Work, changes: Mapping[Place, Any]) -> Work:
        """The work with those values changed. Raises SpecWrong."""
        if not changes:
            return work
        return await self._work(work.visitor, await self.drafts.edit(work.agency, changes, actor=work.actor))

    def go_on(self, work: Work, step: Step) -> Response:
        """To another step, or the same, so that a page may be loaded again without doing it twice."""
        return RedirectResponse(f"{PATH}/studio/{quote(work.agency)}/{step.value}", 303)

    def page(self, work: Work, step: Step, status: int = 200, *, wrong: Sequence[str] = (), **context: Any) -> Response:
        """`wrong`: why what was ordered was not done, in sentences of the code's."""
        mistakes = by_step(work.mistakes)
        return self.desk.page(
            work.visitor.request,
            f"studio/{step.value}.html",
            status,
            caller=work.visitor.caller,
            agency=work.agency,
            draft=work.draft,
            spec=work.parts,
            step=step,
            steps=list(Step),
            # What lacks a secret is told where it can be typed.
            mistakes=[each for each in mistakes.get(step, []) if not each.words.startswith("there is no secret")],
            wrong_steps={each for each, found in mistakes.items() if any(not one.warning for one in found)},
            wrong=wrong,
            **context,
        )


def sentences(mistakes: Iterable[Mistake]) -> list[str]:
    """Each mistake with its place."""
    return [f"{each.place}: {each.words}" if each.place else each.words for each in mistakes]
