"""Specs to test with."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import yaml

from contracts.adapter import Page
from contracts.agency import AgencySpec

CONFIG = Path(__file__).parents[2] / "config"
DOCUMENTS = CONFIG / "documents"


class Known:
    """contracts.adapter.Secrets, with those that the province's agencies name."""

    secrets: ClassVar[dict[str, str]] = {
        "so-tnmt-khoa": "khóa <&> đúng",
        "so-khdt-tai-khoan": "hub",
        "so-khdt-mat-khau": "mật/khẩu+",
        "ubnd-pleiku-khoa": "pleiku-key",
    }

    def get(self, name: str) -> str:
        return self.secrets[name]


def spec_of(agency: str, **changes: Any) -> AgencySpec:
    """The province's own spec of `agency`; `changes` replace its top-level keys, and its system's address."""
    data = yaml.safe_load((CONFIG / "agencies" / f"{agency}.yaml").read_text())
    if address := changes.pop("address", None):
        data["system"]["address"] = address
    return AgencySpec.model_validate(data | changes)


async def one_page(parts: AsyncIterator[Page]) -> Page:
    """A page as if it had come in one part."""
    page: Page | None = None
    async for part in parts:
        page = (
            part
            if page is None
            else replace(
                part, observations=page.observations + part.observations, unusable=page.unusable + part.unusable
            )
        )
    assert page is not None and page.complete
    return page
