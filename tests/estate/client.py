"""Starts the estate as a process of its own and works its levers; for tests and benchmarks."""

import asyncio
import base64
import json
import os
import secrets as random_secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent


def new_secrets() -> dict[str, str]:
    return {
        "so-tnmt-khoa": random_secrets.token_urlsafe(12),
        "so-khdt-tai-khoan": "cong-tich-hop",
        "so-khdt-mat-khau": random_secrets.token_urlsafe(12),
        "ubnd-pleiku-khoa": random_secrets.token_urlsafe(12),
        "ubnd-pleiku-webhook": "whsec_" + base64.b64encode(random_secrets.token_bytes(24)).decode(),
    }


@dataclass(frozen=True)
class Estate:
    """A running estate. `addresses` are those of the systems, by agency; `secrets` those they expect, by name."""

    addresses: Mapping[str, str]
    secrets: Mapping[str, str]
    sample_codes: Mapping[str, str]
    control: httpx.AsyncClient

    async def state(self, agency: str) -> list[dict[str, Any]]:
        """Every dossier of the agency: code, status (national code), changed_at, revision, steps."""
        return list(await self._get("/state", agency=agency))

    async def move(self, agency: str, count: int = 1) -> list[dict[str, Any]]:
        return list(await self._post("/move", agency=agency, count=count))

    async def advance(self, agency: str, code: str) -> dict[str, Any]:
        return dict(await self._post("/advance", agency=agency, code=code))

    async def late(self, agency: str, seconds: float) -> dict[str, Any]:
        return dict(await self._post("/late", agency=agency, seconds=seconds))

    async def pace(self, seconds: float) -> None:
        await self._post("/pace", seconds=seconds)

    async def fault(self, agency: str, fault: str | None, count: int | None = None) -> None:
        await self._post("/fault", agency=agency, fault=fault, count=count)

    async def push(self, agency: str, code: str, status: str | None = None) -> str:
        return str((await self._post("/push", agency=agency, code=code, status=status))["id"])

    async def acknowledged(self) -> list[dict[str, Any]]:
        return list(await self._get("/deliveries/acknowledged"))

    async def refused(self) -> list[dict[str, Any]]:
        return list(await self._get("/deliveries/refused"))

    async def pending(self) -> list[dict[str, Any]]:
        return list(await self._get("/deliveries/pending"))

    async def calls(self) -> dict[str, dict[str, int]]:
        return dict(await self._get("/calls"))

    async def _get(self, path: str, **query: str) -> Any:
        return (await self.control.get(path, params=query)).raise_for_status().json()

    async def _post(self, path: str, **body: Any) -> Any:
        return (await self.control.post(path, json=body)).raise_for_status().json()


@asynccontextmanager
async def running_estate(
    *,
    size: int = 300,
    pace: float = 0,
    seed: int = 1,
    hub: str | None = None,
    journal: Path | None = None,
    token_seconds: float = 60,
    latest_seconds: float = 20,
    secrets: Mapping[str, str] | None = None,
) -> AsyncIterator[Estate]:
    """An estate on free ports, stopped when the block ends."""
    known = dict(secrets or new_secrets())
    environment = {"HUB_SECRET_" + name.upper().replace("-", "_"): value for name, value in known.items()}
    options = ["--port-base", "0", "--size", str(size), "--pace", str(pace), "--seed", str(seed)]
    options += ["--token-seconds", str(token_seconds), "--latest-seconds", str(latest_seconds), "--stdin-guard"]
    options += ["--hub", hub] if hub else []
    options += ["--journal", str(journal)] if journal else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.estate", *options),
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the estate did not start")
        ready = json.loads(line)
        addresses = dict(ready["addresses"])
        # A connection for each request: one that was kept may be closed just as it is used again.
        once = httpx.Limits(max_keepalive_connections=0)
        address = addresses.pop("control")
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, limits=once) as control:
            yield Estate(addresses, known, ready["sample_codes"], control)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
