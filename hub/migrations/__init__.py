"""The schema's history (alembic), and `migrate`, which brings a database to its newest version."""
