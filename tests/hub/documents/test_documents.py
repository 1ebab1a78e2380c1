"""Documents are on every machine before anybody needs them, the built-in ones among them."""

from pathlib import Path

import pytest

from hub.access.audit import Wanted, latest
from hub.db import Database
from hub.documents.documents import Documents


async def test_what_one_machine_fetches_another_has(database: Database, tmp_path: Path) -> None:
    built_in = tmp_path / "built-in"
    built_in.mkdir()
    (built_in / "so-tnmt.wsdl").write_bytes(b"<built-in/>")
    here, there = (Documents(database, built_in, tmp_path / name) for name in ("here", "there"))
    await here.look()
    assert (here.folder / "so-tnmt.wsdl").read_bytes() == b"<built-in/>"

    await here.put({"http%3A%2F%2Fso.example%2F%3Fwsdl": b"<first/>", "so-tnmt.wsdl": b"<newer/>"}, actor="an")
    await there.look()
    for machine in (here, there):
        assert (machine.folder / "http%3A%2F%2Fso.example%2F%3Fwsdl").read_bytes() == b"<first/>"
        assert (machine.folder / "so-tnmt.wsdl").read_bytes() == b"<newer/>"
    assert (built_in / "so-tnmt.wsdl").read_bytes() == b"<built-in/>", "it is only read"

    await there.put({"so-tnmt.wsdl": b"<newest/>"}, actor="binh")
    await here.look()
    assert (here.folder / "so-tnmt.wsdl").read_bytes() == b"<newest/>"
    again = Documents(database, built_in, here.folder)
    await again.look()
    assert (again.folder / "so-tnmt.wsdl").read_bytes() == b"<newest/>", "the database's counts after a restart, too"
    assert sorted(file.name for file in here.folder.iterdir()) == ["http%3A%2F%2Fso.example%2F%3Fwsdl", "so-tnmt.wsdl"]
    line, _ = await latest(database, Wanted(), most=9)
    assert (line.actor, line.action, line.detail) == ("binh", "documents.stored", {"names": ["so-tnmt.wsdl"]})


@pytest.mark.parametrize("name", ["", ".", "..", "../other", "/etc/hosts", ".hidden", "a\0b"])
async def test_no_document_leads_out_of_the_folder(database: Database, tmp_path: Path, name: str) -> None:
    documents = Documents(database, tmp_path / "none", tmp_path / "folder")
    with pytest.raises(ValueError, match="cannot be a document's name"):
        await documents.put({name: b"x"}, actor="an")
