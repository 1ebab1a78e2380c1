"""Which file is taken and when, that it is taken whole and once, and where it goes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters import Client
from adapters.files.local import LocalFolder
from contracts.adapter import Capability
from contracts.errors import Unreachable
from tests.adapters.files.drops import adapter_of, as_csv, codes, messages, page_of, pages_of, row, spec_of


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user who is not root, to whom all is allowed."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def drop(folder: Path, name: str, content: bytes, *, age: float = 0) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


async def test_a_file_is_one_page_and_is_moved_when_that_is_stored(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", as_csv(row("A-1"), row("A-2")))
    adapter = adapter_of(client, tmp_path)
    page = await page_of(adapter)
    assert codes(page) == ["A-1", "A-2"]
    assert page.complete and page.unusable == ()
    assert listed(tmp_path) == ["1.csv"]

    last = await page_of(adapter, page.next)
    assert (last.observations, last.unusable, last.next) == ((), (), None)
    assert listed(tmp_path) == []
    assert listed(tmp_path / "done") == ["1.csv"]


async def test_it_can_list_changes_and_nothing_else(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path)
    assert adapter.capabilities == {Capability.CHANGES}
    with pytest.raises(LookupError):
        await adapter.lookup("A-1")


async def test_files_go_by_name(client: Client, tmp_path: Path) -> None:
    for name in ("2026-11-02.csv", "2026-10-30.csv", "2026-11-01.csv"):
        drop(tmp_path, name, as_csv(row(name)))
    pages = await pages_of(adapter_of(client, tmp_path))
    assert [codes(page) for page in pages] == [["2026-10-30.csv"], ["2026-11-01.csv"], ["2026-11-02.csv"], []]


async def test_without_a_file_there_is_an_empty_page(client: Client, tmp_path: Path) -> None:
    (page,) = await pages_of(adapter_of(client, tmp_path))
    assert (page.observations, page.unusable, page.complete) == ((), (), True)


async def test_after_a_crash_before_the_move_it_is_read_again(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", as_csv(row("A-1")))
    first = await page_of(adapter_of(client, tmp_path))
    # Nobody came back with `first.next`.
    assert codes(await page_of(adapter_of(client, tmp_path))) == codes(first)


async def test_after_a_crash_behind_the_move_the_next_file_is_read(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", as_csv(row("A-1")))
    drop(tmp_path, "2.csv", as_csv(row("A-2")))
    adapter = adapter_of(client, tmp_path)
    page = await page_of(adapter)
    for _ in "12":
        assert codes(await page_of(adapter, page.next)) == ["A-2"]
    assert listed(tmp_path / "done") == ["1.csv"]


async def test_one_that_changed_since_it_was_stored_is_read_again(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", as_csv(row("A-1")))
    adapter = adapter_of(client, tmp_path)
    page = await page_of(adapter)
    drop(tmp_path, "1.csv", as_csv(row("A-1"), row("A-2")))
    page = await page_of(adapter, page.next)
    assert codes(page) == ["A-1", "A-2"]
    assert not (tmp_path / "done").exists()
    assert (await page_of(adapter, page.next)).next is None
    assert listed(tmp_path / "done") == ["1.csv"]


async def test_nothing_in_done_is_overwritten(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path)
    moment = 1_795_482_900  # 2026-11-24 08:15:00 there
    for number in range(3):
        path = drop(tmp_path, "1.csv", as_csv(row(f"A-{number}")))
        os.utime(path, (moment, moment))
        await pages_of(adapter)
    assert listed(tmp_path / "done") == ["1 (2026-11-24 081500) 2.csv", "1 (2026-11-24 081500).csv", "1.csv"]
    assert b"A-0" in (tmp_path / "done" / "1.csv").read_bytes()


async def test_names_are_never_too_long_to_be_put_away(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path)
    for content in (as_csv(row("A-1")), b"no header", b"no header either"):
        drop(tmp_path, "ệ" * 83 + ".csv", content)
        await pages_of(adapter)
    assert listed(tmp_path) == []
    assert len(listed(tmp_path / "done")) == 1
    assert len(listed(tmp_path / "failed")) == 4


@pytest.mark.parametrize("name", [".1.csv", "1.csv.part", "1.csv.filepart", "1.csv.TMP", "~$1.csv", "1.xlsx", "CSV"])
async def test_what_is_not_meant_is_left(client: Client, tmp_path: Path, name: str) -> None:
    drop(tmp_path, name, as_csv(row("A-1")))
    adapter = adapter_of(client, tmp_path, pattern="*" if name[0] in ".~1" and "x" not in name else "*.csv")
    assert len(await pages_of(adapter)) == 1
    assert listed(tmp_path) == [name]


async def test_capitals_do_not_matter(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "HOSO.CSV", as_csv(row("A-1")))
    assert codes(await page_of(adapter_of(client, tmp_path))) == ["A-1"]


async def test_a_file_settles_by_its_time(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path, settle_seconds=3600)
    path = drop(tmp_path, "1.csv", as_csv(row("A-1")), age=10)
    assert codes(await page_of(adapter)) == []
    os.utime(path, (time.time() - 3601,) * 2)
    assert codes(await page_of(adapter)) == ["A-1"]


async def test_a_file_settles_by_what_we_saw_where_its_time_is_wrong(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("adapters.files.adapter.time.monotonic", lambda: now)
    adapter = adapter_of(client, tmp_path, settle_seconds=60)
    drop(tmp_path, "1.csv", as_csv(row("A-1")), age=-86_400)
    assert codes(await page_of(adapter)) == []
    now += 59
    assert codes(await page_of(adapter)) == []
    # Still being written: the time begins anew.
    drop(tmp_path, "1.csv", as_csv(row("A-1"), row("A-2")), age=-86_400)
    now += 10
    assert codes(await page_of(adapter)) == []
    now += 60
    assert codes(await page_of(adapter)) == ["A-1", "A-2"]


async def test_a_file_waits_for_its_mark_which_goes_with_it(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path, ready_suffix=".xong", pattern="*", settle_seconds=3600)
    drop(tmp_path, "1.csv", as_csv(row("A-1")))
    assert codes(await page_of(adapter)) == []
    drop(tmp_path, "1.csv.xong", b"")
    page = await page_of(adapter)
    assert codes(page) == ["A-1"]
    await page_of(adapter, page.next)
    assert listed(tmp_path) == []
    assert listed(tmp_path / "done") == ["1.csv", "1.csv.xong"]


async def test_a_file_that_changes_while_it_is_read_is_left(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path, "1.csv", as_csv(row("A-1")))
    drop(tmp_path, "2.csv", as_csv(row("A-2")))
    original = LocalFolder.entries

    async def entries_then_more(self: LocalFolder) -> object:
        found = await original(self)
        with path.open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(LocalFolder, "entries", entries_then_more)
    assert codes(await page_of(adapter_of(client, tmp_path))) == ["A-2"]


async def test_links_and_pipes_and_folders_are_no_files(client: Client, tmp_path: Path) -> None:
    secret = drop(tmp_path, "secret", as_csv(row("A-1")))
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "1.csv").symlink_to(secret)
    (folder / "2.csv").mkdir()
    os.mkfifo(folder / "3.csv")
    assert len(await pages_of(adapter_of(client, folder))) == 1


async def test_a_link_that_takes_a_files_place_is_not_followed(client: Client, tmp_path: Path) -> None:
    path = drop(tmp_path, "1.csv", b"x")
    folder = LocalFolder(str(tmp_path))
    (entry,) = await folder.entries()
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert await folder.read(entry) is None


async def test_done_does_not_lead_out_of_the_folder(client: Client, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "drop", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "done").symlink_to(elsewhere)
    drop(folder, "1.csv", as_csv(row("A-1")))
    adapter = adapter_of(client, folder)
    page = await page_of(adapter)
    with pytest.raises(Unreachable, match="leads out"):
        await page_of(adapter, page.next)
    assert listed(folder) == ["1.csv"]
    assert listed(elsewhere) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("done", ".."),
        ("done", "a/b"),
        ("done", "failed"),
        ("done", ""),
        ("pattern", "../*.csv"),
        ("folder", "relative"),
        ("folder", "/srv/../etc"),
        ("ready_suffix", "/../x"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(setting: str, value: str) -> None:
    with pytest.raises(ValidationError, match=setting):
        spec_of("/srv/drop", **{setting: value})


async def test_a_folder_that_is_not_there(client: Client, tmp_path: Path) -> None:
    adapter = adapter_of(client, tmp_path / "none", limits={"attempts": 1})
    with pytest.raises(Unreachable, match=r"There is no folder .*/none\."):
        await page_of(adapter)


async def test_a_folder_that_is_not_ours(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o000)
    adapter = adapter_of(client, folder, limits={"attempts": 1})
    with as_nobody(), pytest.raises(Unreachable, match="may not"):
        await page_of(adapter)


async def test_a_name_in_no_utf8(client: Client, tmp_path: Path) -> None:
    name = os.fsdecode(b"h\xf4 s\xf5.csv")
    drop(tmp_path, name, as_csv(row("A-1"), row("A-2", status="?")))
    adapter = adapter_of(client, tmp_path)
    page = await page_of(adapter)
    assert codes(page) == ["A-1", "A-2"]
    assert messages(page)[0].startswith(r"Line 3 of h\xf4 s\xf5.csv: ")
    assert (await page_of(adapter, page.next)).next is None
    assert listed(tmp_path) == []


async def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", b"Something else\r\n1\r\n")
    drop(tmp_path, "2.csv", as_csv(row("A-2")))
    pages = await pages_of(adapter_of(client, tmp_path))
    (unusable,) = pages[0].unusable
    assert unusable.reason == "malformed_body"
    assert unusable.message.startswith("1.csv: Line 1 names no column 'Mã hồ sơ', which the mapping of code needs")
    assert "Something else" in unusable.raw
    assert codes(pages[1]) == ["A-2"]
    assert listed(tmp_path / "failed") == ["1.csv", "1.csv.why.txt"]
    assert "Mã hồ sơ" in (tmp_path / "failed" / "1.csv.why.txt").read_text()
    assert listed(tmp_path / "done") == ["2.csv"]


async def test_a_file_that_is_too_large_is_put_aside_unread(client: Client, tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", as_csv(row("A-1")))
    pages = await pages_of(adapter_of(client, tmp_path, limits={"max_bytes": 10}))
    assert messages(pages[0])[0].startswith("1.csv: It is larger than 10 bytes")
    assert listed(tmp_path / "failed") == ["1.csv", "1.csv.why.txt"]


async def test_too_many_rows_are_too_many(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.files.adapter.MAX_ROWS", 2)
    drop(tmp_path, "1.csv", as_csv(row("A-1"), row("A-2")))
    drop(tmp_path, "2.csv", as_csv(row("A-1"), row("A-2"), row("A-3")))
    pages = await pages_of(adapter_of(client, tmp_path))
    assert codes(pages[0]) == ["A-1", "A-2"]
    assert "more than 2 records" in messages(pages[1])[0]
