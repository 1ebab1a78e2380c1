"""What the migrations answer for: every table of ours, which importing this module makes known."""

from hub.access import tables as _access  # noqa: F401  (each import fills the metadata)
from hub.agencies import tables as _agencies  # noqa: F401
from hub.alerts import tables as _alerts  # noqa: F401
from hub.calls import tables as _calls  # noqa: F401
from hub.documents import tables as _documents  # noqa: F401
from hub.feed import tables as _feed  # noqa: F401
from hub.gate import tables as _gate  # noqa: F401
from hub.index import tables as _index  # noqa: F401
from hub.installation import installation as _installation  # noqa: F401
from hub.intake import tables as _intake  # noqa: F401
from hub.limits import tables as _limits  # noqa: F401
from hub.live import tables as _live  # noqa: F401
from hub.outbox import tables as _outbox  # noqa: F401
from hub.ownership import tables as _ownership  # noqa: F401
from hub.quarantine import tables as _quarantine  # noqa: F401
from hub.secrets import tables as _secrets  # noqa: F401
from hub.specs import tables as _specs  # noqa: F401
from hub.streams import tables as _streams  # noqa: F401
from hub.subscriptions import tables as _subscriptions  # noqa: F401
from hub.watch import tables as _watch  # noqa: F401


def ours(name: str | None, kind: str, *_: object) -> bool:
    """Alembic's include_name: false for the engine's tables, which its own SQL makes, alembic's, and parts of marks."""
    others = ("pgqueuer", "alembic_version", "dossier_mark_")
    return not (kind == "table" and name is not None and name.startswith(others))
