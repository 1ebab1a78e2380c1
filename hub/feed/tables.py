"""The table of the feed: one row, which says from where on it is whole."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, Table, text

from hub.db import metadata
from hub.index.tables import Xid8

feed = Table(
    "feed",
    metadata,
    # The only row: there is one feed.
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    # Another one makes all cursors of before worthless.
    Column("generation", Integer, nullable=False, server_default=text("1")),
    # The position of the last change that is kept no more.
    Column("pruned_xid", Xid8, nullable=False, server_default=text("'0'")),
    Column("pruned_seq", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("one", name="feed_one_check"),
)
