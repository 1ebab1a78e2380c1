"""Lines of the audit are found by what was done in one go, and by the agency that it was done to."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    told, looked_at = sa.text("correlation_id IS NOT NULL"), sa.text("detail ->> 'correlation_id' IS NOT NULL")
    op.create_index("audit_correlation_id_idx", "audit", ["correlation_id"], postgresql_where=told)
    op.create_index(
        "audit_looked_at_idx", "audit", [sa.text("(detail ->> 'correlation_id')")], postgresql_where=looked_at
    )
    op.create_index("audit_of_agency_idx", "audit", [sa.text("split_part(target, ' ', 1)"), "id"])
