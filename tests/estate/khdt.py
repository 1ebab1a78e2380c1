"""Sở Kế hoạch và Đầu tư: REST behind a login; tokens end soon; pages with the newest change first; UTC dates."""

import secrets
import time
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.estate.world import VIETNAM, Agency, Case

STATUS_CODES = {"1": 0, "2": 1, "3": 16, "4": 15, "5": 3, "6": 12, "7": 18, "8": 8, "9": 6, "10": 5}


def app(agency: Agency, account: str, password: str, token_seconds: float) -> Starlette:
    tokens: dict[str, float] = {}

    async def log_in(request: Request) -> Response:
        given = await request.json()
        if (given.get("taiKhoan"), given.get("matKhau")) != (account, password):
            return _answer(401, "Sai tài khoản hoặc mật khẩu")
        token = secrets.token_urlsafe(24)
        tokens[token] = time.monotonic() + token_seconds
        return _answer(0, "OK", {"token": token, "hetHanSau": token_seconds})

    def refused(request: Request) -> Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if tokens.get(token, 0) < time.monotonic():
            return _answer(401, "Phiên làm việc đã hết hạn", status=401)
        if getattr(request.state, "fault", None) == "error200":
            return _answer(500, "Lỗi hệ thống, vui lòng thử lại")
        return None

    async def listing(request: Request) -> Response:
        if answer := refused(request):
            return answer
        query = request.query_params
        page, size = int(query.get("trang", 0)), int(query.get("kichThuoc", 20))
        since = query.get("tuNgay")
        codes = list(agency.newest_first(datetime.fromisoformat(since).replace(tzinfo=VIETNAM) if since else None))
        pages = -(-len(codes) // size)
        rows: list[dict[str, Any]] | None = [
            _row(agency.cases[code]) for code in islice(codes, page * size, (page + 1) * size)
        ]
        match getattr(request.state, "fault", None):
            case "null_list":
                rows = None
            case "unknown_status" if rows:
                rows[0]["trangThai"] = 99
        return _answer(
            0, "OK", {"noiDung": rows, "tongSoTrang": pages, "tongSo": len(codes), "cuoi": page + 1 >= pages}
        )

    async def one(request: Request) -> Response:
        if answer := refused(request):
            return answer
        case = agency.cases.get(request.path_params["code"])
        return _answer(0, "OK", _row(case)) if case else _answer(404, "Không tìm thấy hồ sơ")

    return Starlette(
        routes=[
            Route("/api/dang-nhap", log_in, methods=["POST"]),
            Route("/api/ho-so", listing),
            Route("/api/ho-so/{code}", one),
        ]
    )


def _answer(code: int, message: str, data: Any = None, *, status: int = 200) -> JSONResponse:
    return JSONResponse({"ma": code, "thongBao": message, "duLieu": data}, status)


def _row(case: Case) -> dict[str, Any]:
    return {
        "soHoSo": case.code,
        "thuTuc": {"ma": case.procedure[0], "ten": case.procedure[1]},
        "trangThai": STATUS_CODES[case.last.status],
        "nguoiNop": {
            "hoTen": case.applicant,
            "dienThoai": case.phone,
            "email": case.email,
            "soGiayTo": case.identity_number,
        },
        "ngayNop": _text(case.submitted_at),
        "ngayNhan": _text(case.received_at),
        "hanTra": _text(case.due_at),
        "ngayTra": _text(case.finished_at),
        "ghiChu": case.last.note,
        "ngayCapNhat": _text(case.last.at),
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000" if at else None
