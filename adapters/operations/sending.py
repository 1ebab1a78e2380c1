"""Hands a submission to an agency: creates the dossier, attaches each file, finishes. One request at a time, and where
to go on after each, so that none is made twice: neither when the whole is tried again, nor when nobody knows how a
request ended."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from adapters.answers import AnswerReader, maybe, said
from adapters.calling.client import RawAnswer
from adapters.mapping.expressions import truth
from adapters.paging.paging import text_of
from adapters.placeholders import FILE, SUBMISSION
from adapters.speaker import Speak
from contracts.adapter import Position, Priority, Sending, Sent
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected
from contracts.observation import Reading
from contracts.operations import CreateStep, SendOperation, Step
from contracts.submission import Submission, SubmittedFile

Lookup: TypeAlias = Callable[[str, Priority], Awaitable[Reading]]
_StepName: TypeAlias = Literal["create", "attach", "finish"]

# What is longer is no name, but a page or a message.
_MAX_REFERENCE = 200


class Sender:
    """One of an agency's ways to take submissions."""

    def __init__(self, what: Sending, operation: SendOperation, speak: Speak, lookup: Lookup | None) -> None:
        """`lookup` asks the agency for a dossier, where it can be asked. Raises ValueError for what cannot work."""
        self._what, self._lookup = what, lookup
        self._steps: dict[_StepName, _Step] = {"create": _Step(f"{what}.create", operation.create, speak)}
        if operation.attach:
            self._steps["attach"] = _Step(f"{what}.attach", operation.attach, speak, FILE)
            if "file_base64" not in self._steps["attach"].names:
                raise ValueError("the request of `attach` never names {file_base64}")
        if operation.finish:
            self._steps["finish"] = _Step(f"{what}.finish", operation.finish, speak)
        first = self._steps["create"].names
        later = {name for step in self._steps.values() for name in step.names if step is not self._steps["create"]}
        self._reference_follows = "reference" in later
        self._takes_files = "file_base64" in first | later
        #: What must be known before the first step, lest a later one fail for it.
        self._needed: set[str] = set()
        if "reference" in first or (self._reference_follows and not operation.create.reference):
            self._needed.add("reference")
        if "code" in later or ("code" in first and what is not Sending.SUBMIT):
            self._needed.add("code")
        if what is Sending.SUBMIT and "reference" in self._needed:
            raise ValueError("{reference} is named, which only the agency knows: `create.reference` says where it is")

    async def __call__(self, submission: Submission, position: Position | None) -> Sent:
        """Take the step at `position`."""
        place = self._place(submission, position)
        step = self._steps[place.step]
        if place.in_doubt and not step.repeatable:
            return await self._settle(submission, place)
        values = self._values(submission, place, step)
        reference = await step.take(values) or place.reference
        if reference is None and self._reference_follows:
            raise Malformed("The agency has the dossier already, and does not say what it calls it.")
        return self._after(submission, place, reference)

    async def _settle(self, submission: Submission, place: "_Place") -> Sent:
        """Find out whether the step was taken, without taking it."""
        create = self._steps["create"]
        # By a code that it was not told, the agency knows no dossier; and other steps leave no trace to look for.
        asks = place.step == "create" and self._what is Sending.SUBMIT and "code" in create.names
        if asks and self._lookup and submission.code and not self._reference_follows:
            try:
                reading = await self._lookup(submission.code, Priority.PERSON)
            except NotFound:
                return Sent(place.reference, _Place("create", reference=place.reference).position())
            if reading.observations:
                return self._after(submission, place, place.reference)
        raise Rejected(
            f"Whether the agency has acted upon `{place.step}` is not known, and it must not be asked twice: "
            "a person must look there.",
            sent=False,
        )

    def _place(self, submission: Submission, position: Position | None) -> "_Place":
        place = _Place.at(position, submission.reference)
        within = place.step != "attach" or place.file < len(submission.files)
        if place.step not in self._steps or not within:
            raise _foreign()
        return place

    def _values(self, submission: Submission, place: "_Place", step: "_Step") -> dict[str, Any]:
        if submission.files and not self._takes_files:
            raise Rejected("It has papers, and the spec does not say how this agency takes any.", sent=False)
        values: dict[str, Any] = {
            **submission.model_dump(exclude={"id", "fields", "files", "reference"}),
            **{f"field:{name}": text for name, text in submission.fields.items()},
            "submission": submission.id,
            "reference": place.reference,
        }
        for name in sorted(self._needed):
            if values[name] is None:
                raise Rejected(f"This goes by the dossier's {name}, which is not known.", sent=False)
        contents = "file_base64" in step.names
        if "each_file" in step.names:
            values["each_file"] = [_of_file(file, contents) for file in submission.files]
        if place.step == "attach":
            values |= _of_file(submission.files[place.file], contents)
        return values

    def _after(self, submission: Submission, place: "_Place", reference: str | None) -> Sent:
        file = place.file + 1 if place.step == "attach" else 0
        following: _Place | None = None
        if place.step != "finish":
            if "attach" in self._steps and file < len(submission.files):
                following = _Place("attach", file, reference)
            elif "finish" in self._steps:
                following = _Place("finish", reference=reference)
        return Sent(reference, following.position() if following else None)


class _Step:
    """One request, and what its answer says."""

    def __init__(self, name: str, step: Step, speak: Speak, more_names: tuple[str, ...] = ()) -> None:
        self._answer = _StepAnswer(step)
        self._speaker = speak(name, step.request, self._answer, (*SUBMISSION, *more_names))
        self._expression = step.reference if isinstance(step, CreateStep) else None
        self._reference = maybe(self._expression)
        self.repeatable = step.repeatable
        self.names = self._speaker.names

    async def take(self, values: dict[str, Any]) -> str | None:
        """What the agency calls the dossier, if it says so here."""

        def read(raw: RawAnswer) -> str | None:
            try:
                content = self._answer.content(self._speaker.document(raw))
            except _Already as already:
                return self._named(already.content)
            except Rejected as refusal:
                if self._answer.is_already({"fault": refusal.message}):
                    return None
                raise
            reference = self._named(content)
            if self._reference and reference is None:
                raise Malformed(f"Where the dossier's reference should be ({self._expression}) there is none.")
            return reference

        return await self._speaker.ask(values, read, priority=Priority.PERSON, repeatable=self.repeatable)

    def _named(self, content: Any) -> str | None:
        reference = (text_of(said(self._reference, content)) or "").strip()
        if len(reference) > _MAX_REFERENCE:
            raise Malformed(f"Where the dossier's reference should be ({self._expression}) there is a long text.")
        return reference or None


class _StepAnswer(AnswerReader):
    """An answer by which the agency may say that it has it already; most say so as an error."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.answer)
        self._already_when = maybe(step.already_when)

    def is_already(self, content: Any) -> bool:
        return truth(said(self._already_when, content))

    def judge(self, content: Any) -> None:
        if self.is_already(content):
            raise _Already(content)
        super().judge(content)


class _Already(AgencyFailure):
    """Done before, as good as done. An AgencyFailure only to pass where answers of errors are read."""

    def __init__(self, content: Any) -> None:
        super().__init__("The agency has it already.")
        self.content = content


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a submission goes on."""

    step: _StepName
    #: Which of the files.
    file: int = 0
    reference: str | None = None
    in_doubt: bool = False

    @classmethod
    def at(cls, position: Position | None, reference: str | None) -> "_Place":
        match {"step": "create", "file": 0, "reference": reference, "doubt": False} | (position or {}):
            case {
                "step": "create" | "attach" | "finish" as step,
                "file": int(file),
                "reference": None | str() as reference,
                "doubt": bool(doubt),
            } if file >= 0:
                return cls(step, file, reference, doubt)
        raise _foreign()

    def position(self) -> Position:
        said = {"step": self.step, "reference": self.reference}
        return said | ({"file": self.file} if self.step == "attach" else {})


def _of_file(file: SubmittedFile, contents: bool) -> dict[str, Any]:
    values = {
        "file_name": file.name,
        "file_extension": file.name.rpartition(".")[2] if "." in file.name else None,
        "file_type": file.media_type,
        "file_size": len(file.content),
    }
    return values | ({"file_base64": b64encode(file.content).decode()} if contents else {})


def _foreign() -> Malformed:
    # Positions outlive a spec: this one was made when the agency took submissions in other steps.
    return Malformed("The place to go on from was not made by these steps.", sent=False)
