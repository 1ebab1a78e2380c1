"""How a spec's mapping reads an agency's records: which value is which fact, and how it is converted."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from contracts.codes import fold
from contracts.observation import SUCCESSION, Facts
from contracts.spec_model import Expression, SpecModel, known_zone


class FieldRule(SpecModel):
    """How one fact is read from a record. In YAML a bare string is short for `path` alone.

    Exactly one of `path`, `paths` and `constant`.
    """

    path: Expression | None = None
    paths: tuple[Expression, ...] = Field(default=(), description="Candidates: the first that says something counts.")
    constant: str | None = Field(default=None, description="The same for every record.")
    convert: Literal["text", "date", "integer"] = "text"
    table: dict[str, str] | None = Field(
        default=None, description="Code table: the agency's word → ours. Compared folded; a word it lacks is refused."
    )
    formats: tuple[str, ...] = Field(
        default=(), description="For dates, tried in turn: dd/MM/yyyy HH:mm:ss, yyyy-MM-dd, iso, epoch_ms …"
    )
    zone: str | None = Field(default=None, description="For dates without a zone; the agency's own by default.")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        return None if zone is None else known_zone(zone)

    @field_validator("table")
    @classmethod
    def _one_meaning_each(cls, table: dict[str, str] | None) -> dict[str, str] | None:
        seen: dict[str, str] = {}
        for word in table or {}:
            if (other := seen.setdefault(fold(word), word)) != word:
                raise ValueError(f"{word!r} and {other!r} are the same word once folded; keep one")
        return table

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.table is not None and self.convert != "text":
            raise ValueError("only a text takes a `table`")
        if (self.convert == "date") != bool(self.formats):
            raise ValueError("a date needs `formats`, and only a date takes them")
        if sum((self.path is not None, bool(self.paths), self.constant is not None)) != 1:
            raise ValueError("give one of `path`, `paths` and `constant`")
        return self


class RecordMapping(SpecModel):
    """From one record to one observation: where the code, the order and each fact are."""

    code: FieldRule
    occurred_at: FieldRule | None = Field(
        default=None, description="When the record last changed; left out where the agency does not say."
    )
    revision: FieldRule | None = None
    facts: dict[str, FieldRule] = Field(description="Fact name (contracts.observation.Facts) → rule.")

    @model_validator(mode="before")
    @classmethod
    def _short_rules(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data

        def long(rule: Any) -> Any:
            return {"path": rule} if isinstance(rule, str) else rule

        spread = {key: long(value) for key, value in data.items() if key != "facts"}
        facts = data.get("facts")
        spread["facts"] = {k: long(v) for k, v in facts.items()} if isinstance(facts, dict) else facts
        return spread

    @field_validator("facts")
    @classmethod
    def _known_facts(cls, facts: dict[str, FieldRule]) -> dict[str, FieldRule]:
        known = set(Facts.model_fields) - {"status_raw"} - SUCCESSION
        if unknown := sorted(set(facts) - known):
            raise ValueError(f"unknown fact {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return facts

    @model_validator(mode="after")
    def _fitting_conversions(self) -> Self:
        rules = {"code": self.code, **self.facts}
        if self.occurred_at:
            rules["occurred_at"] = self.occurred_at
        wanted = {name: "date" if name.endswith("_at") else "text" for name in rules}
        if self.revision:
            rules["revision"], wanted["revision"] = self.revision, "integer"
        for name, rule in rules.items():
            if rule.convert != wanted[name]:
                raise ValueError(f"{name} needs `convert: {wanted[name]}`, not {rule.convert}")
        return self
