"""What alembic runs: our tables' metadata on the connection that `migrate` hands over."""

from alembic import context

from hub.access import tables as _access  # noqa: F401  (each import below fills the metadata)
from hub.calls import tables as _calls  # noqa: F401
from hub.db import metadata
from hub.index import tables as _index  # noqa: F401
from hub.installation import installation as _installation  # noqa: F401
from hub.intake import tables as _intake  # noqa: F401
from hub.quarantine import tables as _quarantine  # noqa: F401
from hub.streams import tables as _streams  # noqa: F401

ENGINE_TABLES = "pgqueuer"


def ours(name: str | None, kind: str, *_: object) -> bool:
    """Leave the engine's tables, which its own SQL makes, out of comparisons."""
    return not (kind == "table" and name is not None and name.startswith(ENGINE_TABLES))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=ours,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
