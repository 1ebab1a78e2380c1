"""What an agency's system can be asked: requests, where the answer is in what comes back, and how lists page."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from contracts.spec_model import Expression, SpecModel

# --- requests -------------------------------------------------------------------------------------


class RestRequest(SpecModel):
    """Strings may hold placeholders: {code}, {since}, {until}, {revision}, {page}, {offset}, {cursor}, {size} …
    and {secret:NAME}. {since|FORMAT} writes a date in that format; without one it is iso.

    A query parameter, form field or header whose placeholder has no value (no `since` on a first sync) is left
    out; in a JSON body it is null, in an XML body nothing. At most one of the bodies.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET"
    path: str
    query: dict[str, str] = Field(default={})
    headers: dict[str, str] = Field(default={})
    json_body: dict[str, Any] | list[Any] | None = None
    form_body: dict[str, str] | None = None
    xml_body: str | None = Field(default=None, description="An XML document; what placeholders hold is escaped.")

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        bodies = (self.json_body, self.form_body, self.xml_body)
        if sum(body is not None for body in bodies) > 1:
            raise ValueError("a request has one body: `json_body`, `form_body` or `xml_body`")
        return self


class SoapRequest(SpecModel):
    """`parameters` of a WSDL operation by name, and its header elements, with the placeholders of RestRequest.

    An empty text is sent as an empty element; null as xsi:nil where the WSDL allows that, else not at all; what
    is not named is not sent.
    """

    operation: str
    parameters: dict[str, Any] = Field(default={})
    headers: dict[str, Any] = Field(default={}, description="Header elements that the WSDL's operation declares.")


class Answer(SpecModel):
    """Where the records are in what comes back, and how errors and absence look there."""

    holds: Literal["json", "xml", "text"] = Field(
        default="json",
        description="What a REST answer is; SOAP is always XML. A `text` is `@`: `{trangThai: @}` makes it a record.",
    )
    inside: Expression | None = Field(default=None, description="JMESPath to a string that itself holds a document.")
    inside_holds: Literal["xml", "json"] = "xml"
    records: Expression = Field(
        default="@",
        description="JMESPath to the record, or the list of them. That nothing is there is no list: where the agency "
        "means none by it, `[path][]` takes null and what is missing for none, `path || `[]`` an empty text too.",
    )
    error_when: Expression | None = Field(default=None, description="JMESPath that is true when this is an error.")
    error_message: Expression | None = None
    busy_when: Expression | None = Field(
        default=None, description="JMESPath that is true when the agency asks to come back later."
    )
    absent_when: Expression | None = Field(
        default=None, description="JMESPath that is true when the agency has no such dossier."
    )
    absent_fault: Expression | None = Field(
        default=None,
        description="Of a SOAP system: JMESPath that is true of the fault by which it says the same. It looks at "
        "{codes, words, detail}: codes and subcodes without their prefixes, the agency's words cleaned, the detail as "
        "it came: `contains(codes, 'NotFound')`, or `contains(fold(words), 'khong tim thay')`.",
    )


class Operation(SpecModel):
    request: RestRequest | SoapRequest
    answer: Answer = Answer()

    @field_validator("answer")
    @classmethod
    def _faults_are_of_soap(cls, answer: Answer, info: ValidationInfo) -> Answer:
        if answer.absent_fault and isinstance(info.data.get("request"), RestRequest):
            raise ValueError(
                "`absent_fault` means nothing here, for only SOAP has faults; say by `absent_when`, which looks at "
                "answers of errors too, how it looks where there is no such dossier"
            )
        return answer

    def requests(self) -> list[RestRequest | SoapRequest]:
        """Every request it may make."""
        return [self.request]


class LookupOperation(Operation):
    asked_as: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="For an answer that never says which dossier it is about, such as a status word alone: the name by "
        "which its record gets the code that was asked for, which `mapping.code` finds there.",
    )


# --- pages ----------------------------------------------------------------------------------------


class SinglePage(SpecModel):
    """The whole window in one answer. Nothing can be missed."""

    kind: Literal["single"]


class Paged(SpecModel):
    """The end is known by `last_when`, else by `total`, else by a page shorter than `size`, else by an empty one."""

    size: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Rows per page, as many as the agency really gives; without it only an empty page is the last.",
    )
    last_when: Expression | None = Field(default=None, description="JMESPath that is true on the last page.")
    total: Expression | None = Field(
        default=None,
        description="JMESPath to how many rows there are on all pages together, from which the last page is known. "
        "Give `size` with it: then a total of the wrong thing is found out.",
    )
    max_pages: int = Field(default=10_000, ge=1, description="More than that is a list without end: Malformed.")


class TimePages(Paged):
    """Rows in ascending order of change time. The cursor is the last row's time, so rows that move while
    we read are seen again rather than skipped; {page} counts only within one crowded moment. `total` counts
    the rows from `since` on. An empty page is the last."""

    kind: Literal["ascending"]
    size: int = Field(ge=1, le=100_000)
    first_page: int = 1


class DescendingPages(Paged):
    """Numbered pages, newest change first. Asked without an upper bound, so that rows which change while
    we read move towards the front: seen twice at worst."""

    kind: Literal["descending"]
    first_page: int = 0


class RevisionPages(Paged):
    """Rows in ascending order of the agency's own change number, each row's another; {revision} is the last one
    seen. Nothing is missed."""

    kind: Literal["revision"]


class NumberPages(Paged):
    """Pages by number, {page}, in an order of the agency's own. A row is missed where another leaves a page already
    read; the next run's overlap or a reconcile finds it. Where the agency can sort by change time, `descending` and
    `ascending` miss none."""

    kind: Literal["number"]
    first_page: int = 1


class OffsetPages(Paged):
    """Pages by {offset}: how many rows come before. A row may be missed as in `number`."""

    kind: Literal["offset"]
    first_offset: int = 0


class CursorPages(Paged):
    """Each answer holds the {cursor} to ask the next page with; none, null or empty on the last. Nothing is missed
    where the agency's cursor is a place in an order, and a row as in `number` where it is a page's number."""

    kind: Literal["cursor"]
    cursor: Expression


class NextPages(Paged):
    """Each answer holds the address of the next page, as OData's nextLink does. Followed on the same host only. What
    may be missed is as in `cursor`."""

    kind: Literal["next"]
    address: Expression


class LinkPages(Paged):
    """The answer's Link header names the next page (rel="next"). Followed on the same host only. What may be missed
    is as in `cursor`."""

    kind: Literal["link"]


class QueuePages(Paged):
    """The agency gives what it has not yet been told was taken; `acknowledge` tells it, once that is stored.

    {codes} stands for the list of what was taken, and {batch} for what the answer as a whole is called. Nothing is
    missed: where an acknowledgement is lost, the same rows come again.
    """

    kind: Literal["queue"]
    acknowledge: Operation
    taken: Expression | Annotated[dict[str, Expression], Field(min_length=1)] = Field(
        description="JMESPath within a record to what `acknowledge` names it by: {codes} is a list of texts then. "
        "Where it takes several values of each, their names there and where they are: {maHoSo: ma, phienBan: so}; "
        "{codes} is a list of such objects then."
    )
    batch: Expression | None = Field(
        default=None, description="JMESPath in the answer to what the agency calls all of it: a batch, or a session."
    )


Pages = Annotated[
    SinglePage
    | TimePages
    | DescendingPages
    | RevisionPages
    | NumberPages
    | OffsetPages
    | CursorPages
    | NextPages
    | LinkPages
    | QueuePages,
    Field(discriminator="kind"),
]


class ListOperation(Operation):
    pages: Pages

    def requests(self) -> list[RestRequest | SoapRequest]:
        acknowledge = self.pages.acknowledge.requests() if isinstance(self.pages, QueuePages) else []
        return [self.request, *acknowledge]


# --- sending and fetching -------------------------------------------------------------------------


class Step(Operation):
    """One request of a submission. Placeholders: {code}, {reference} (the agency's own id, once known),
    {submission} (ours, the same at each try), {procedure_code}, {procedure_name}, {applicant_name},
    {applicant_phone}, {applicant_email}, {note}, {field:NAME}, {submitted_at}, {submitted_at|FORMAT}; and of the
    file at hand {file_name}, {file_extension} (without its dot), {file_type}, {file_size} (bytes), {file_base64}. What
    is personal goes in a body.

    Where a list is wanted, {"each_file": …} makes one entry for each file.
    """

    already_when: Expression | None = Field(
        default=None,
        description="JMESPath that is true when the agency has it already, which is as good as done; looked at before "
        "`answer`, whatever the status. Of a SOAP fault it sees {fault: its words}.",
    )
    repeatable: bool = Field(
        default=False, description="Whether the agency takes the same request twice for one. If not, it is sent once."
    )


class CreateStep(Step):
    reference: Expression | None = Field(
        default=None,
        description="JMESPath to what the agency calls the dossier. An answer without it is not taken for success.",
    )


class SendOperation(SpecModel):
    """Create, then attach each file, then finish: each step is done once, however often the whole is tried.

    When nobody knows whether `create` was done, a dossier whose {code} it names is looked up; for what cannot be
    looked up a person must look.
    """

    create: CreateStep
    attach: Step | None = Field(default=None, description="Once for each file, where files go one by one.")
    finish: Step | None = None

    def requests(self) -> list[RestRequest | SoapRequest]:
        """Every request it may make."""
        return [step.request for step in (self.create, self.attach, self.finish) if step]


class FetchFile(Operation):
    """A result file, by {code} or {reference}: the answer's own body, or base64 at `content` in it.

    Where an answer's own body is the file, one of the kind that `answer.holds` says instead of the file: that there
    is none yet, or an error.
    """

    content: Expression | None = None
    name: Expression | None = Field(default=None, description="The file's name; else that of Content-Disposition.")

    @model_validator(mode="after")
    def _file_in_soap(self) -> Self:
        if isinstance(self.request, SoapRequest) and self.content is None:
            raise ValueError("a SOAP answer is no file: say in `content` where it is")
        if self.answer.holds == "text":
            raise ValueError("nothing tells a text from a file: `answer.holds` is json or xml here")
        return self


class ListProcedures(ListOperation):
    """The procedures the agency offers. Rows without a code or a name are kept apart: filter them in `records`,
    where they are none."""

    pages: Annotated[
        SinglePage | NumberPages | OffsetPages | CursorPages | NextPages | LinkPages, Field(discriminator="kind")
    ]
    code: Expression
    name: Expression


class Operations(SpecModel):
    """Each is optional; the adapter says which it has."""

    lookup: LookupOperation | None = None
    changes: ListOperation | None = Field(default=None, description="What changed since a moment or a revision.")
    all: ListOperation | None = Field(default=None, description="Every dossier there is.")
    submit: SendOperation | None = None
    supplement: SendOperation | None = None
    withdraw: SendOperation | None = None
    result: FetchFile | None = None
    procedures: ListProcedures | None = None

    def named(self) -> dict[str, Operation | SendOperation]:
        """Those there are."""
        every = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: operation for name, operation in every.items() if operation is not None}
