"""What alembic runs: the migrations, on the connection that `migrate` hands over."""

from alembic import context

from hub.db import metadata
from hub.migrations.scope import ours

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, include_name=ours)
with context.begin_transaction():
    context.run_migrations()
