"""The ten national dossier statuses, the only status words the hub itself speaks."""

from enum import StrEnum


class DossierStatus(StrEnum):
    """A national status code (Trạng thái hồ sơ).

    Codes travel as strings ("10") and sort as numbers; `number` is what is stored and compared.
    Agencies have words and codes of their own; an AgencySpec's status table translates them to these.
    """

    NEW = "1"
    RECEIVED = "2"
    NOT_RECEIVED = "3"
    PROCESSING = "4"
    SUPPLEMENT = "5"
    PAYMENT = "6"
    WITHDRAWN = "7"
    STOPPED = "8"
    DONE = "9"
    RETURNED = "10"

    @classmethod
    def numbered(cls, number: int | None) -> "DossierStatus | None":
        """The one with this number; None for none."""
        return None if number is None else cls(str(number))

    @property
    def number(self) -> int:
        return int(self.value)

    @property
    def name_vi(self) -> str:
        return _NAMES[self][0]

    @property
    def name_en(self) -> str:
        return _NAMES[self][1]

    @property
    def is_final(self) -> bool:
        """True when the agency has nothing more to do for this dossier."""
        return self in _FINAL


_NAMES = {
    DossierStatus.NEW: ("Mới đăng ký", "Newly registered"),
    DossierStatus.RECEIVED: ("Được tiếp nhận", "Received"),
    DossierStatus.NOT_RECEIVED: ("Không được tiếp nhận", "Not received"),
    DossierStatus.PROCESSING: ("Đang xử lý", "Being processed"),
    DossierStatus.SUPPLEMENT: ("Yêu cầu bổ sung giấy tờ", "More papers needed"),
    DossierStatus.PAYMENT: ("Yêu cầu thực hiện nghĩa vụ tài chính", "Payment needed"),
    DossierStatus.WITHDRAWN: ("Công dân yêu cầu rút hồ sơ", "Withdrawn by the applicant"),
    DossierStatus.STOPPED: ("Dừng xử lý", "Processing stopped"),
    DossierStatus.DONE: ("Đã xử lý xong", "Processing finished"),
    DossierStatus.RETURNED: ("Đã trả kết quả", "Result returned"),
}

_FINAL = frozenset(
    {
        DossierStatus.NOT_RECEIVED,
        DossierStatus.WITHDRAWN,
        DossierStatus.STOPPED,
        DossierStatus.RETURNED,
    }
)
