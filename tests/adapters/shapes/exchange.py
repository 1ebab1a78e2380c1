"""The exchange service: strict as CXF is about requests, always 200, and a queue that forgets nothing by itself."""

from typing import Any, Literal

from tests.adapters.servers import Asked, Told
from tests.adapters.shapes.contract import Contract, Refused, fault

PATH = "/services/ExchDocumentServiceImplPort"
PASSWORD = "mật khẩu <&> liên thông"

_AT_ONCE = 10


def dossier(number: int) -> dict[str, Any]:
    """In the alphabet's order, as JAXB writes; some fields are left out, some empty."""
    files = [{"tenFile": "don.pdf", "tenTaiLieuDinhKem": "Đơn", "urlTaiLieuDinhKem": "http://trao-doi.invalid/1"}]
    return {
        "attachmentList": files * (number % 3),
        "chuSoHuuHoSo": f"Công ty {number}",
        "email": "" if number % 2 else "mot@example.vn",
        "gioiTinh": "1",
        **({} if number % 5 else {"hoTenNguoiNop": "Rơ Châm H'Lan"}),
        "maDonViTiepNhan": "H21.30",
        "maLoaiHoSo": "1.001612",
        "ngayDangKyHoSo": f"{number:02}/11/2026 08:15:00" if number % 4 else f"{number:02}/11/2026",
        "ngaySinh": "12/08/1985",
        "onlineId": 4000 + number,
        "soDtCoDinh": "02693824000",
    }


class ExchangeService:
    """Called with each request. It hands out no more than ten, and the same ones until they are acknowledged."""

    def __init__(self, count: int = 25) -> None:
        self.waiting = {str(4000 + number): dossier(number) for number in range(1, count + 1)}
        #: What it was told was taken, one list for each time it was.
        self.acknowledged: list[list[str]] = []
        #: An errCode and errMsg to answer everything with.
        self.broken: tuple[str, str] | None = None
        #: What becomes of the next calls: the line breaks before the service has the request, or after.
        self.cuts: list[Literal["before", "after"] | None] = []
        self.statuses: list[dict[str, Any]] = []
        self._contract = Contract("exchange.wsdl")

    def __call__(self, asked: Asked) -> Told:
        cut = self.cuts.pop(0) if self.cuts else None
        if cut == "before":
            raise ConnectionResetError
        told = self._told(asked)
        if cut == "after":
            raise ConnectionResetError
        return told

    def _told(self, asked: Asked) -> Told:
        if (asked.path, asked.headers.get("soapaction")) != (PATH, '""'):
            return fault(f"The given SOAPAction {asked.headers.get('soapaction')} does not match an operation.")
        try:
            operation, parameters = self._contract.asked(asked.body)
        except Refused as wrong:
            return fault(str(wrong))
        [given] = parameters["arg0"]
        return self._contract.told(f"{operation}Response", {"return": self._answer(operation, given)})

    def _answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if self.broken:
            return _signal(*self.broken)
        if (given["userName"], given["password"]) != (["hub"], [PASSWORD]):
            return _signal("3", f"Sai tên đăng nhập hoặc mật khẩu: hub/{given['password'][0]}")
        if operation == "pullDocument":
            return self._pulled()
        if operation == "updateSendSignal":
            self._take([record["onlineId"][0] for record in given["onlineRecordSoapList"]])
        if operation == "updateStatus":
            self.statuses += [{name: text for name, [text] in each.items()} for each in given["documentStatusSoapList"]]
        return _signal("0")

    def _pulled(self) -> dict[str, Any]:
        first = list(self.waiting.values())[:_AT_ONCE]
        if not first:
            return _signal("2", "Không có bản ghi")
        more = "1" if len(self.waiting) > _AT_ONCE else "0"
        return _signal("0") | {"conTiep": more, "onlineDocumentSoapList": first}

    def _take(self, ids: list[str]) -> None:
        self.acknowledged.append(ids)
        for each in ids:
            self.waiting.pop(each, None)


def _signal(code: str, words: str = "") -> dict[str, Any]:
    return {"errCode": code, "errMsg": words}
