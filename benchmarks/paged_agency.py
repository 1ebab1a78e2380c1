"""An agency's REST system with many dossiers, in a process of its own, as `benchmarks.sync` reads it.

The dossiers are rows of an SQLite table in memory with an index by time of change. `GET /ho-so` gives those changed
from `tu` on, in that order, `kichThuoc` of them, and in `tiep` the cursor to ask for the next ones with as `sau`: an
index look-up, a dict per row, and the standard library's JSON, about 600 bytes a dossier. That is what a well-made
service costs and nothing more: it has no framework, no login, and waits for nobody. `benchmarks.sync` prints what a row
of it takes; real agencies are slower, which makes all who read them look more alike.
"""

import asyncio
import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from time import process_time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_FIELDS = (
    "maHoSo",
    "ngayCapNhat",
    "trangThai",
    "maThuTuc",
    "tenThuTuc",
    "nguoiNop",
    "dienThoai",
    "email",
    "ngayNop",
    "ngayTiepNhan",
    "ngayHenTra",
    "donVi",
    "diaChi",
    "ghiChu",
)
_STATUSES = ("Mới đăng ký", "Đã tiếp nhận", "Đang xử lý", "Chờ bổ sung", "Đã có kết quả", "Đã trả kết quả")
_NAMES = ("Nguyễn Thị Ánh Tuyết", "Rơ Châm H'Yéo", "Trần Văn Đức", "Siu Phương", "Lê Hoàng Bảo Ngọc")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class PagedAgency:
    """A running agency."""

    address: str
    _told: Connection

    def change(self, count: int) -> None:
        """Move `count` dossiers, spread over all, to their next status, a few seconds ago."""
        self._told.send(("change", count))
        self._told.recv()

    def fill(self, count: int) -> None:
        """Have `count` dossiers, all as they were at first."""
        self._told.send(("fill", count))
        self._told.recv()

    def spent(self) -> tuple[float, int]:
        """Seconds of CPU since the process began, and the rows it has given."""
        self._told.send(("spent", 0))
        seconds, rows = self._told.recv()
        return float(seconds), int(rows)


@contextmanager
def paged_agency() -> Iterator[PagedAgency]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield PagedAgency(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


class _Dossiers:
    def __init__(self) -> None:
        self._table = sqlite3.connect(":memory:")
        self._table.execute(f"CREATE TABLE ho_so ({', '.join(_FIELDS)}, PRIMARY KEY (maHoSo)) WITHOUT ROWID")
        self._table.execute("CREATE INDEX theo_ngay ON ho_so (ngayCapNhat, maHoSo)")
        self.given = 0

    def fill(self, count: int) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        with self._table:
            self._table.execute("DELETE FROM ho_so")
            places = f"({', '.join('?' * len(_FIELDS))})"
            self._table.executemany(
                f"INSERT INTO ho_so VALUES {places}", (_dossier(number, now) for number in range(count))
            )

    def change(self, count: int) -> None:
        codes = [code for (code,) in self._table.execute("SELECT maHoSo FROM ho_so ORDER BY maHoSo")]
        began = datetime.now(UTC) - timedelta(seconds=4)
        with self._table:
            self._table.executemany(
                "UPDATE ho_so SET ngayCapNhat = ?, trangThai = ? WHERE maHoSo = ?",
                (
                    (_told(began + timedelta(milliseconds=place)), _STATUSES[4 + place % 2], code)
                    for place, code in enumerate(codes[:: len(codes) // count][:count])
                ),
            )

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        time, _, code = asked.get("sau", "").partition("|")
        size = int(asked["kichThuoc"])
        rows = self._table.execute(
            f"SELECT {', '.join(_FIELDS)} FROM ho_so WHERE ngayCapNhat >= ? AND (ngayCapNhat, maHoSo) > (?, ?)"
            " ORDER BY ngayCapNhat, maHoSo LIMIT ?",
            (max(asked.get("tu", ""), time), time, code, size),
        ).fetchall()
        self.given += len(rows)
        following = f"{rows[-1][1]}|{rows[-1][0]}" if len(rows) == size else None
        return {"ma": 0, "duLieu": [dict(zip(_FIELDS, row, strict=True)) for row in rows], "tiep": following}


def _dossier(number: int, now: datetime) -> tuple[str, ...]:
    # Over the month before, the last of them hours ago.
    changed = now - 5 * _HOUR - timedelta(seconds=2 * (number * 7919 % 1_000_003))
    submitted = changed - timedelta(days=1 + number % 9)
    return (
        f"H21.09-{submitted:%y%m%d}-{number:06}",
        _told(changed),
        _STATUSES[number % 4],
        f"1.{number % 40:06}",
        "Đăng ký biến động quyền sử dụng đất do chuyển nhượng, thừa kế, tặng cho",
        _NAMES[number % len(_NAMES)],
        f"0905{number:06}",
        f"nguoi.nop.{number}@example.vn",
        _told(submitted),
        _told(submitted + _HOUR),
        _told(submitted + 480 * _HOUR),
        "Chi nhánh Văn phòng đăng ký đất đai",
        f"{number % 400} Hùng Vương, tỉnh Gia Lai",
        "Nộp trực tuyến",
    )


def _told(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _serve(told: Connection) -> None:
    dossiers = _Dossiers()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                target = asked.split(b" ", 2)[1].decode()
                body = json.dumps(dossiers.page(dict(parse_qsl(urlsplit(target).query))), ensure_ascii=False).encode()
                date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nDate: {date}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def obey() -> None:
        order, count = told.recv()
        if order == "spent":
            told.send((process_time(), dossiers.given))
            return
        (dossiers.change if order == "change" else dossiers.fill)(count)
        told.send(None)

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(told.fileno(), obey)
        told.send("http://{}:{}".format(*server.sockets[0].getsockname()))
        await server.serve_forever()

    asyncio.run(serve())
