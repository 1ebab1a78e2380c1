"""Runs the sample estate beside the hub: three stand-ins of agency systems, in a process of their own."""

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.secrets import keep

ROOT = Path(__file__).parent.parent

_SECRETS: dict[str, Callable[[], str]] = {
    "so-tnmt-khoa": lambda: secrets.token_urlsafe(18),
    "so-khdt-tai-khoan": lambda: "cong-tich-hop",
    "so-khdt-mat-khau": lambda: secrets.token_urlsafe(18),
    "ubnd-pleiku-khoa": lambda: secrets.token_urlsafe(18),
    "ubnd-pleiku-webhook": lambda: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
}


class SampleFailed(Exception):
    """The estate did not start; the message is its own sentence."""


@dataclass(frozen=True, slots=True)
class SampleEstate:
    addresses: dict[str, str]
    #: A dossier of each agency that exists from the start.
    codes: dict[str, str]


@asynccontextmanager
async def sample_estate(data_dir: Path, hub_url: str, size: int) -> AsyncIterator[SampleEstate]:
    """The estate, pushing to `hub_url`, with its journal in `data_dir`; stopped when the block ends."""
    environment = os.environ | {
        "HUB_SECRET_" + name.upper().replace("-", "_"): value for name, value in _kept_secrets(data_dir).items()
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.estate", "--port-base", "0", "--size", str(size), "--stdin-guard"),
        *("--journal", str(data_dir / "sample-estate.jsonl"), "--hub", hub_url),
        cwd=ROOT,
        env=environment,
        # Held open and never written to: when the hub dies, however it dies, the estate sees it closed.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=2**20,
        # Ctrl-C in the terminal is the hub's to answer; it then stops the estate.
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise SampleFailed("the sample estate did not start; what it said is above")
        ready = json.loads(line)
        addresses = {agency: url for agency, url in ready["addresses"].items() if agency != "control"}
        yield SampleEstate(addresses, ready["sample_codes"])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _kept_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets the hub shares with the estate, made at first use where config.secrets looks for them."""
    return {name: keep(data_dir / "secrets" / name, make) for name, make in _SECRETS.items()}
