"""Dossiers as the portal's tests need them."""

from datetime import datetime, timedelta
from typing import Any

from contracts.agency import Name
from contracts.dossier import AgencyName, Dossier, Procedure, Source, StatusEvent, StatusName
from contracts.observation import Channel
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
            observed_at=present,
            source=_SOURCE,
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
