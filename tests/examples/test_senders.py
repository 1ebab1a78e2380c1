"""The senders of the developers' pages, each run against a hub as people run it, over a line that fails at first."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from hub.developers.snippets import FOLDER, SNIPPETS
from tests.running import ROOT, HubProcess, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: The programs that each file needs, and how it is started once it was built.
NEEDS = {
    "send.sh": ["curl", "openssl"],
    "Send.cs": ["mcs", "mono"],
    "Send.java": ["java", "javac"],
    "send.php": ["php"],
    "send.mjs": ["node"],
    "send.py": ["python3"],
}
SECONDS = 120


def command(file: str, folder: Path) -> list[str]:
    """How `file` is run, built first where it has to be. Skips the test where a program for it is missing."""
    if missing := [program for program in NEEDS[file] if shutil.which(program) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed (.ci/run installs all)")
    source = str(FOLDER / file)
    match file:
        case "Send.cs":
            target = folder / "Send.exe"
            subprocess.run(["mcs", "-r:System.Net.Http.dll", f"-out:{target}", source], check=True)
            return ["mono", str(target)]
        case "Send.java":
            # As on a machine whose locale knows ASCII alone.
            subprocess.run(["javac", "-encoding", "UTF-8", "-d", str(folder), source], check=True)
            return ["java", "-cp", str(folder), "Send"]
        case "send.sh":
            return ["sh", source]
        case "send.php":
            return ["php", source]
        case "send.mjs":
            return ["node", source]
        case _:
            return ["python3", source]


class Given(NamedTuple):
    """What a developer gets from /developers/sandbox."""

    url: str
    agency: str
    secret: str
    key: str


async def new_agency(hub: str) -> Given:
    async with httpx.AsyncClient(base_url=hub) as client:
        page = (await client.post("/developers/sandbox")).text
    lines = [line.split("export ")[1] for line in page.replace("&#10;", "\n").split("\n") if "export HUB_" in line]
    told = dict(line.split("<")[0].split("=", 1) for line in lines)
    return Given(told["HUB_URL"], told["HUB_AGENCY"], told["HUB_SECRET"], told["HUB_KEY"])


class Tried(NamedTuple):
    id: str
    timestamp: str
    signature: str
    body: bytes


class BadLine:
    """Stands between a sender and the hub: the first try is told 503 and to wait, the second one reaches the
    hub and has no answer; then it lets all through."""

    def __init__(self, hub: str) -> None:
        self.hub, self.tries = hub, list[Tried]()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
            if "100-continue" in headers.get("expect", ""):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(headers["content-length"]))
            id, timestamp, signature = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
            self.tries.append(Tried(id, timestamp, signature, body))
            answer = httpx.Response(503, headers={"retry-after": "2"})
            if len(self.tries) > 1:
                passed = {name: value for name, value in headers.items() if name.startswith(("webhook-", "content-t"))}
                async with httpx.AsyncClient() as client:
                    answer = await client.post(self.hub + request.split()[1], content=body, headers=passed)
            if len(self.tries) != 2:
                said = answer.content
                writer.write(b"HTTP/1.1 %d -\r\ncontent-length: %d\r\n" % (answer.status_code, len(said)))
                for name in {"retry-after"} & answer.headers.keys():
                    writer.write(f"{name}: {answer.headers[name]}\r\n".encode())
                writer.write(b"content-type: application/json\r\nconnection: close\r\n\r\n" + said)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def bad_line(hub: str) -> AsyncIterator[tuple[str, BadLine]]:
    line = BadLine(hub)
    server = await asyncio.start_server(line, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", line


@pytest.fixture(scope="module")
def module_database(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HubProcess]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "agencies").mkdir()
    shutil.copy(ROOT / "config" / "agencies" / "so-yt.yaml", folder / "agencies")
    process = HubProcess(
        module_database, folder / "data", folder / "agencies", command="api", settings={"HUB_SANDBOX": "true"}
    )
    async with running_hub(process) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(hub: HubProcess) -> Given:
    """An agency, and another's secret."""
    return (await new_agency(hub.url))._replace(secret="whsec_" + "AAAA" * 8)


async def run(line: list[str], given: Given, code: str, url: str) -> tuple[int, str, str]:
    environment = {"HUB_URL": url, "HUB_AGENCY": given.agency, "HUB_SECRET": given.secret}
    process = await asyncio.create_subprocess_exec(
        *line, code, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def asked(given: Given, path: str) -> Any:
    async with httpx.AsyncClient(headers={"X-Api-Key": given.key}) as client:
        return (await client.get(given.url + path)).raise_for_status().json()


@pytest.mark.parametrize("file", [snippet.file for snippet in SNIPPETS])
async def test_it_tries_until_the_hub_has_the_event(file: str, hub: HubProcess, tmp_path: Path) -> None:
    line = command(file, tmp_path)
    given = await new_agency(hub.url)
    code = "H21.99-261126-0001"
    async with bad_line(given.url) as (url, told):
        status, said, complained = await run(line, given, code, url)
    assert status == 0, complained
    # The hub had it by the second try, whose answer was lost: the third is a duplicate, and nothing was done twice.
    assert '"duplicate":true' in said
    assert complained.count("not yet") == complained.count("again in 2 s") == 2
    first, second, third = told.tries
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert len({each.timestamp for each in told.tries}) == len({each.signature for each in told.tries}) == 3

    path = f"/v1/webhooks/{given.agency}/deliveries"
    [delivery] = (await asked(given, path))["items"]
    assert (delivery["id"], delivery["state"]) == (first.id, "applied")
    [change] = (await asked(given, f"{path}/{first.id}"))["changes"]
    assert (change["code"], change["status_after"]) == (code, "4")
    body = (await asked(given, f"{path}/{first.id}"))["body"]
    assert "Nguyễn Thị Ánh" in body
    assert "Đã chuyển phòng chuyên môn thẩm định" in body


@pytest.mark.parametrize("file", [snippet.file for snippet in SNIPPETS])
async def test_it_says_why_it_was_refused_and_does_not_go_on(file: str, stranger: Given, tmp_path: Path) -> None:
    status, said, complained = await run(command(file, tmp_path), stranger, "H21.99-261126-0001", stranger.url)
    assert status == 1, said
    assert "refused: 401" in complained and "signature-refused" in complained


async def test_every_sender_is_shown() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.suffix != ".md"} == {each.file for each in SNIPPETS}
