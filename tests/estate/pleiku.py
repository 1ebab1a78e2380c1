"""UBND thành phố Pleiku: REST that numbers its changes; the same words are what it pushes."""

from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.estate.world import VIETNAM, Agency, Case

STATUS_WORDS = {
    "1": "MOI",
    "2": "DA_TIEP_NHAN",
    "3": "TU_CHOI",
    "4": "DANG_XU_LY",
    "5": "CHO_BO_SUNG",
    "6": "CHO_NOP_PHI",
    "7": "RUT",
    "8": "DUNG",
    "9": "XONG",
    "10": "DA_TRA",
}


def app(agency: Agency, key: str) -> Starlette:
    def refused(request: Request) -> Response | None:
        if request.headers.get("X-Khoa") != key:
            return JSONResponse({"loi": "Khóa không hợp lệ"}, 403)
        if getattr(request.state, "fault", None) == "error200":
            return JSONResponse({"loi": "Hệ thống đang bận"})
        return None

    async def changes(request: Request) -> Response:
        if answer := refused(request):
            return answer
        codes, more = agency.after_revision(
            int(request.query_params.get("sau", 0)), int(request.query_params.get("gioiHan", 100))
        )
        rows: list[dict[str, Any]] | None = [_row(agency.cases[code]) for code in codes]
        match getattr(request.state, "fault", None):
            case "null_list":
                rows = None
            case "unknown_status" if rows:
                rows[0]["trangThai"] = "CHO_XAC_MINH"
        return JSONResponse({"ketQua": rows, "con": more})

    async def one(request: Request) -> Response:
        if answer := refused(request):
            return answer
        case = agency.cases.get(request.path_params["code"])
        return JSONResponse(_row(case)) if case else JSONResponse({"loi": "Không có hồ sơ này"}, 404)

    return Starlette(routes=[Route("/ho-so/thay-doi", changes), Route("/ho-so/{code}", one)])


def event_data(case: Case) -> dict[str, Any]:
    """The dossier as Pleiku pushes it (contracts.webhook.EventData)."""
    data = {
        "code": case.code,
        "occurred_at": _text(case.last.at),
        "revision": case.last.revision,
        "status": STATUS_WORDS[case.last.status],
        "procedure_code": case.procedure[0],
        "procedure_name": case.procedure[1],
        "submitted_at": _text(case.submitted_at),
        "received_at": _text(case.received_at),
        "due_at": _text(case.due_at),
        "finished_at": _text(case.finished_at),
        "applicant": {"name": case.applicant, "phone": case.phone, "number": case.identity_number},
        "note": case.last.note,
    }
    return {name: value for name, value in data.items() if value}


def _row(case: Case) -> dict[str, Any]:
    return {
        "ma": case.code,
        "phienBan": case.last.revision,
        "trangThai": STATUS_WORDS[case.last.status],
        "thoiDiem": _text(case.last.at),
        "thuTuc": case.procedure[0],
        "tenThuTuc": case.procedure[1],
        "nguoiNop": case.applicant,
        "soDienThoai": case.phone,
        "soDinhDanh": case.identity_number,
        "ngayNop": _text(case.submitted_at),
        "ngayTiepNhan": _text(case.received_at),
        "hanTra": _text(case.due_at),
        "ngayTraKetQua": _text(case.finished_at),
        "ghiChu": case.last.note or None,
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(VIETNAM).isoformat() if at else None
