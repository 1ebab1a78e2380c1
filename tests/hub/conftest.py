"""What tests of pages in a browser share: the browser, and a hub that runs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.running import HubProcess, NewHub

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    # Only where there is a browser to be launched.
    from tests.browsing import launched

    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def new_hub(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> NewHub:
    """Makes hubs that are to be started, each with a database and a folder of its own."""

    @contextmanager
    def make(agencies: Path | dict[str, str], **settings: Any) -> Iterator[HubProcess]:
        folder = tmp_path_factory.mktemp("hub")
        if isinstance(agencies, dict):
            (folder / "agencies").mkdir()
            for agency, spec in agencies.items():
                (folder / "agencies" / f"{agency}.yaml").write_text(spec)
            agencies = folder / "agencies"
        with new_database() as url:
            yield HubProcess(url, folder / "data", agencies, **settings)

    return make
