"""Errors as RFC 9457 problem details: one shape for every answer that is not a success."""

from pydantic import BaseModel, ConfigDict, Field


class FieldProblem(BaseModel):
    field: str = Field(description="JSON pointer, parameter or header name.", examples=["/data/code"])
    problem: str
    expected: str | None = None


class Problem(BaseModel):
    """application/problem+json. `type` is stable: program against it, not against the words."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    detail_vi: str | None = Field(default=None, description="The same for a citizen, in Vietnamese.")
    errors: list[FieldProblem] = []
    correlation_id: str | None = None
