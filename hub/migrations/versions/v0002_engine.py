"""The engine's tables: the SQL that PgQueuer prints for itself, kept here so that migrations own the schema."""

from pathlib import Path

from alembic import op
from sqlalchemy.engine import AdaptedConnection

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The plain driver runs many statements at once; SQLAlchemy's prepared ones cannot.
    script = (Path(__file__).parent / "v0002_engine.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    assert isinstance(connection, AdaptedConnection)
    connection.run_async(lambda driver: driver.execute(script))
