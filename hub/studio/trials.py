"""What the last trial of each agency's spec has shown. Holds names of fields only, never what was in them."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class Trial(BaseModel):
    model_config = ConfigDict(frozen=True)

    at: datetime
    records: int
    #: Expressions of the mapping that found nothing in any record, and paths in records that none of them read.
    silent: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unknown_statuses: tuple[str, ...] = ()


class Trials:
    """A file for each agency, in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "trials"

    def last(self, agency: str) -> Trial | None:
        try:
            return Trial.model_validate_json((self._folder / f"{agency}.json").read_text())
        except (OSError, ValidationError):
            return None

    def keep(self, agency: str, trial: Trial) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{agency}.json").write_text(trial.model_dump_json(indent=2))
