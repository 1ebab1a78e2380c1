"""Workers are woken by new jobs alone: those picked and done, which PgQueuer tells of too, are news to nobody."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("DROP TRIGGER tg_pgqueuer_changed ON pgqueuer")
    op.execute("CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT ON pgqueuer EXECUTE FUNCTION fn_pgqueuer_changed()")
