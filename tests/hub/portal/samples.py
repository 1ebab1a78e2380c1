"""Dossiers as the portal's tests need them."""

from datetime import datetime, timedelta
from typing import Any

from contracts.agency import Name
from contracts.dossier import AgencyName, Dossier, Procedure, Source, StatusEvent, StatusName
from contracts.observation import Channel
from contracts.ownership import FullDossier
from contracts.status import DossierStatus
from hub.portal.page import VIETNAM

LAND = AgencyName(
    id="so-tnmt",
    identifier="H21.09",
    name=Name(vi="Sở Tài nguyên và Môi trường", en="Department of Natural Resources and Environment"),
    phone="0269 3824 201",
)
PLEIKU = AgencyName(
    id="ubnd-pleiku",
    identifier="H21.20",
    name=Name(vi="UBND thành phố Pleiku", en="People's Committee of Pleiku City"),
)
_WORDS = {DossierStatus.PROCESSING: "Chuyên viên thụ lý", DossierStatus.SUPPLEMENT: "Chờ bổ sung"}
_SOURCE = Source(agency="so-tnmt", channel=Channel.PULL)


def make_dossier(
    *path: DossierStatus,
    now: datetime | None = None,
    code: str = "H21.09-261120-0042",
    **changed: Any,
) -> Dossier:
    """A dossier received four days before `now` and due in five, that came through the statuses of `path`.

    Any field of Dossier may be given in `changed`.
    """
    path = path or (DossierStatus.NEW, DossierStatus.RECEIVED, DossierStatus.PROCESSING)
    present = (now or datetime.now(VIETNAM)).replace(microsecond=0)
    events = [
        StatusEvent(
            status=StatusName.of(status),
            occurred_at=present - timedelta(hours=30 * (len(path) - index)),
            # The hub hears of the first step a day late, as when an agency is being connected.
            observed_at=present - timedelta(hours=30 * (len(path) - index) - (24 if index == 0 else 0)),
            source=_SOURCE,
            raw=_WORDS.get(status, status.name_vi),
        )
        for index, status in enumerate(path)
    ]
    fields: dict[str, Any] = {
        "id": "1",
        "code": code,
        "agency": LAND,
        "procedure": Procedure(
            code="1.012765", name="Đăng ký đất đai, tài sản gắn liền với đất, cấp Giấy chứng nhận lần đầu"
        ),
        "status": StatusName.of(path[-1]),
        "submitted_at": present - timedelta(days=5),
        "received_at": present - timedelta(days=4),
        "due_at": present + timedelta(days=5),
        "finished_at": None,
        "observed_at": present - timedelta(hours=2),
        "checked_at": present - timedelta(minutes=1),
        "source": _SOURCE,
        "stale": False,
        "updated_at": present,
        "timeline": events,
    }
    return Dossier(**fields | changed)


def in_full(dossier: Dossier) -> FullDossier:
    """As its applicant sees it, who is Nguyễn Văn Đức."""
    return FullDossier(
        **dict(dossier),
        national_code="G22.09.01-261120-004213",
        applicant_name="Nguyễn Văn Đức",
        applicant_number="064*******",
        applicant_phone="090*******",
        applicant_email="d***@gmail.com",
        note="Đã hẹn đo đất sáng thứ Năm.",
    )
