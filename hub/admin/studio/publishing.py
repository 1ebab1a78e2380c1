"""The last step: what a pull of the last day would do, and putting the draft to work."""

from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from contracts.status import DossierStatus
from hub.admin.desk import PATH
from hub.admin.studio.bench import Bench, Work
from hub.admin.studio.steps import Step, by_step
from hub.admin.studio.tools import DryRunFound
from hub.portal.texts import Lang
from hub.specs.differences import line_by_line
from hub.specs.from_draft import Unlooked
from hub.specs.from_draft import publish as put_to_work
from hub.specs.specs import Overtaken, Version, Way


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""

    @bench.step(Step.PUBLISH)
    async def publish(work: Work) -> Response:
        current = await bench.parts.specs.current(work.agency)
        if not work.ordered:
            return _page(bench, work, current)
        fields = work.visitor.fields
        match fields.get("do"):
            case "dry-run" if work.file.spec and not work.wrong:
                return _page(bench, work, current, found=await bench.tools.dry_run(work.file.spec))
            case "rebase" if current:
                await bench.drafts.rebase(work.agency, current.version, actor=work.actor)
                return bench.go_on(work, Step.PUBLISH)
            case "publish" if not work.wrong:
                return await _published(bench, work, current)
        return _page(bench, work, current, 422 if work.wrong else 200)


async def _published(bench: Bench, work: Work, current: Version | None) -> Response:
    reason = work.visitor.fields.get("reason", "").strip()
    if not reason:
        return _page(bench, work, current, 422, no_reason=True)
    looked = work.visitor.fields.get("looked", "")
    try:
        done = await put_to_work(
            bench.parts,
            bench.drafts,
            work.draft,
            looked=looked,
            author=work.actor,
            reason=reason[:300],
            way=Way.CONSOLE,
        )
    except Unlooked:
        return _page(bench, work, current, 422)
    except Overtaken as error:
        return _page(bench, work, error.newer, 409)
    return RedirectResponse(f"{PATH}/agencies/{quote(work.agency)}/versions?done={done.version}", 303)


def _page(
    bench: Bench,
    work: Work,
    current: Version | None,
    status: int = 200,
    *,
    found: DryRunFound | None = None,
    no_reason: bool = False,
) -> Response:
    lang = bench.desk.lang(work.visitor.request)
    return bench.page(
        work,
        Step.PUBLISH,
        status,
        current=current,
        overtaken=current if current and current.version != work.draft.based_on else None,
        by_step=by_step(work.mistakes),
        lines=line_by_line(current.text, work.draft.text) if current else [],
        found=found,
        no_reason=no_reason,
        statuses=DossierStatus,
        reason=work.visitor.fields.get("reason", ""),
        status_name=lambda number: _status_name(lang, number),
    )


def _status_name(lang: Lang, number: int | None) -> str:
    status = DossierStatus.numbered(number)
    if status is None:
        return "–"
    return status.name_en if lang == "en" else status.name_vi
