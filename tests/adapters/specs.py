"""Specs to test with."""

from pathlib import Path
from typing import Any, ClassVar

import yaml

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
