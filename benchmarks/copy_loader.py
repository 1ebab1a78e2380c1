"""What somebody would write by hand in an afternoon to have an agency's dossiers in a table: httpx, orjson, and COPY.

No history, no changes, nothing sealed, no budget, no record of calls, and whatever comes last wins. It goes on from the
latest change it has, page after page, each in a transaction. Into an empty table it copies; else into a temporary one,
and from there over what it has.
"""

from datetime import datetime
from typing import Any

import asyncpg
import httpx
import orjson

_COLUMNS = (
    "code",
    "changed_at",
    "status",
    "procedure_code",
    "procedure_name",
    "applicant_name",
    "applicant_phone",
    "applicant_email",
    "submitted_at",
    "received_at",
    "due_at",
    "note",
)
_TABLE = """
    CREATE TABLE IF NOT EXISTS by_hand (
        code text PRIMARY KEY, changed_at timestamptz, status text, procedure_code text, procedure_name text,
        applicant_name text, applicant_phone text, applicant_email text, submitted_at timestamptz,
        received_at timestamptz, due_at timestamptz, note text);
    CREATE INDEX IF NOT EXISTS by_hand_changed_at_idx ON by_hand (changed_at)
"""
_MERGE = f"""
    INSERT INTO by_hand SELECT * FROM page
        ON CONFLICT (code) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""


async def load(connection: "asyncpg.Connection[asyncpg.Record]", http: httpx.AsyncClient, size: int) -> int:
    """Make one run. Returns how many rows came."""
    await connection.execute(_TABLE)
    known = await connection.fetchval("SELECT max(changed_at) FROM by_hand")
    if known:
        await connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS page (LIKE by_hand) ON COMMIT DELETE ROWS")
    asked: dict[str, Any] = {"kichThuoc": size} | ({"tu": known.isoformat(timespec="milliseconds")} if known else {})
    count = 0
    while True:
        answer = orjson.loads((await http.get("/ho-so", params=asked)).raise_for_status().content)
        rows = [_row(each) for each in answer["duLieu"]]
        async with connection.transaction():
            await connection.copy_records_to_table("page" if known else "by_hand", records=rows, columns=_COLUMNS)
            if known:
                await connection.execute(_MERGE)
        count += len(rows)
        if not answer["tiep"]:
            return count
        asked["sau"] = answer["tiep"]


def _row(said: dict[str, Any]) -> tuple[Any, ...]:
    return (
        said["maHoSo"],
        datetime.fromisoformat(said["ngayCapNhat"]),
        said["trangThai"],
        said["maThuTuc"],
        said["tenThuTuc"],
        said["nguoiNop"],
        said["dienThoai"],
        said["email"],
        datetime.fromisoformat(said["ngayNop"]),
        datetime.fromisoformat(said["ngayTiepNhan"]),
        datetime.fromisoformat(said["ngayHenTra"]),
        said["ghiChu"],
    )
