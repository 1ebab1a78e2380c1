"""The one database: SQLAlchemy for whatever writes or runs seldom, the plain driver for hot reads."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Self, TypeAlias

import asyncpg
from asyncpg.transaction import Transaction
from sqlalchemy import LargeBinary, MetaData, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

#: A connection of the plain driver.
Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
#: One of its pool's.
PoolConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

#: What a database that is away, or going away, makes the driver raise. The internal error is what it says between the
#: server's last word on a connection and that connection's end.
DATABASE_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)

#: What connecting may raise: nobody is there, the address is none, or we are not let in.
CANNOT_CONNECT = (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError)

#: How long whoever works in the background waits before trying it again.
RETRY_SECONDS = 2

#: Further than this a machine's clock may not be from the database's.
_CLOCK_ERROR = timedelta(seconds=30)

#: A link on which the other machine acknowledges nothing for longer is lost: the machine is gone, or another has its
#: address. By itself a system asks after two hours whether whoever owes an answer is still there.
_LINK_SECONDS = 30
_ASK_SECONDS = 10

#: Who has ended work waits no longer for a database that does not say goodbye.
_CLOSE_SECONDS = 10

#: Connections for transactions, of a process.
_WRITING = 10

#: How long a connection may have rested and still be taken untried.
_RESTED_SECONDS = 5

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)


def is_away(error: BaseException) -> bool:
    """Whether it means that the database is away, or was for a moment; SQLAlchemy wraps what the driver says."""
    wrapped = isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(getattr(error.orig, "__cause__", None), DATABASE_AWAY)
    )
    return wrapped or isinstance(error, DATABASE_AWAY)


class ClockWrong(Exception):
    """This machine's clock is not the database's. What it heard would be dated wrongly, and what is dated wrongly
    outranks what is right."""


def check_clock(database_now: datetime) -> None:
    """Raises ClockWrong. `database_now`: what the database's clock said a moment ago."""
    ahead = datetime.now(UTC) - database_now
    if abs(ahead) > _CLOCK_ERROR:
        raise ClockWrong(f"this machine's clock is {ahead.total_seconds():.0f} s ahead of the database's")


async def left_as_found(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Reads change nothing about a connection, so that it needs no round trip to be as it was."""


class Sealed(LargeBinary):
    """What the vault has sealed. By this hub.resealing finds all of it when there is a new key."""


class _Tried(Exception):
    """Takes back what was done."""


class DatabaseFailed(Exception):
    """There is no database to work with; the message is one sentence for the operator."""


def no_connection(error: Exception) -> DatabaseFailed:
    """What one of CANNOT_CONNECT amounts to. The driver's words name host and user, never the password."""
    return DatabaseFailed(f"cannot connect to the database: {error or type(error).__name__}")


def _take_none_that_is_dead(engine: AsyncEngine) -> None:
    """A connection that the server has closed is replaced when it is taken, as is one whose user was cancelled before
    the end of the transaction was sent. Of one that has rested for a while a lost link may have told us nothing, so it
    is tried; each time would be a round trip for each transaction."""

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: PoolProxiedConnection) -> None:
        driver = record.driver_connection
        assert isinstance(driver, asyncpg.Connection)
        if driver.is_closed() or driver.is_in_transaction():
            raise DisconnectionError
        if monotonic() - record.info.get("rests_since", monotonic()) > _RESTED_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                # Whatever is the matter with it: whether the database is there, the next connection tells.
                raise DisconnectionError from error


async def connect(*args: Any, **options: Any) -> Driver:
    """A connection that ends when its link is lost, whatever it waits for. Takes what asyncpg's `connect` does."""
    connection: Driver = await asyncpg.connect(*args, **options)
    link = connection._transport.get_extra_info("socket")
    if link.family != getattr(socket, "AF_UNIX", None):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _ASK_SECONDS),
            ("TCP_KEEPINTVL", _ASK_SECONDS),
            ("TCP_KEEPCNT", _LINK_SECONDS // _ASK_SECONDS - 1),
            ("TCP_USER_TIMEOUT", _LINK_SECONDS * 1000),
        ):
            if (option := getattr(socket, name, None)) is not None:
                link.setsockopt(socket.IPPROTO_TCP, option, value)
    return connection


_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}


class HotReads:
    """Reads one after the other on connections that are kept in between. To take one from the pool and to give it back
    costs a task and a timer each time, a tenth of an answer by code. Half of the pool's are kept: whoever finds none
    waits for another of the pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool, self._most = pool, pool.get_max_size() // 2
        self._kept: list[PoolConnection] = []

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await self._taken()
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        except BaseException:
            # In whatever state it is: the pool knows what to do with it.
            await self._pool.release(connection)
            raise
        if len(self._kept) < self._most:
            self._kept.append(connection)
        else:
            await self._pool.release(connection)
        return rows

    async def close(self) -> None:
        # Whoever is still reading keeps none.
        self._most = 0
        while self._kept:
            await self._pool.release(self._kept.pop())

    async def _taken(self) -> PoolConnection:
        while self._kept:
            connection = self._kept.pop()
            try:
                if not connection.is_closed():
                    return connection
                await self._pool.release(connection)
            except asyncpg.InterfaceError:
                # One that the server has closed the pool takes back by itself.
                continue
        return await self._pool.acquire()


def driver_url(url: str) -> URL:
    """`postgresql://…` as SQLAlchemy's asyncpg dialect wants it."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def driver_of(connection: AsyncConnection) -> Driver:
    """The driver's connection, within the same transaction. Only one of `Database.begin` or `.trial` has it: what is
    asked of any other would be committed at once."""
    driver = _driver_under(connection)
    if not driver.is_in_transaction():
        raise RuntimeError("what changes something needs a transaction of Database.begin or Database.trial")
    return driver


def _driver_under(connection: AsyncConnection) -> Driver:
    assert connection.sync_connection is not None
    driver = connection.sync_connection.connection.driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver


class Database:
    """One pool for transactions (`begin`), one for reads (`reads`), one for those asked very often (`hot`), one door to
    a lone connection.

    The plans of `hot` are made once, whatever is asked for: to plan a list anew takes as long as to find its page.
    There, each statement has but one right plan.
    """

    def __init__(
        self,
        url: str,
        engine: AsyncEngine,
        reads: "asyncpg.Pool[asyncpg.Record]",
        hot: "asyncpg.Pool[asyncpg.Record]",
        settings: Mapping[str, str],
    ) -> None:
        self.url = url
        #: On its connections SQLAlchemy begins no transaction by itself.
        self.engine = engine
        self.reads = reads
        self._hot = hot
        self.hot = HotReads(hot)
        self._settings = dict(settings)

    @classmethod
    async def open(cls, url: str, *, schema: str | None = None) -> Self:
        """Connect to `url`. `schema`: whose tables are meant, and no others; without it those that all of us share.

        Raises DatabaseFailed when nobody is there, or we are not let in.
        """
        settings = {"search_path": schema} if schema else {}
        # What is beside the hub's own tables is there for few.
        writing, reading, often = (4, 2, 2) if schema else (_WRITING, 4, 6)
        try:
            reads = await asyncpg.create_pool(
                url, min_size=1, max_size=reading, connect=connect, reset=left_as_found, server_settings=settings
            )
        except CANNOT_CONNECT as error:
            raise no_connection(error) from error
        hot = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=often,
            connect=connect,
            reset=left_as_found,
            server_settings=settings | _PLANNED_ONCE,
        )
        # None beyond those that stay: to connect costs more than to wait, and a server has a hundred for all of us.
        engine = create_async_engine(
            driver_url(url),
            pool_size=writing,
            max_overflow=0,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"server_settings": settings, "async_creator_fn": connect},
        )
        _take_none_that_is_dead(engine)
        return cls(url, engine, reads, hot, settings)

    async def close(self) -> None:
        for close in (self.engine.dispose, self.hot.close, self._hot.close, self.reads.close):
            # The driver's pools end at once what has not closed by then.
            with suppress(TimeoutError):
                await asyncio.wait_for(close(), _CLOSE_SECONDS)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        # It is the driver's, so that both may speak in it, whoever is first: SQLAlchemy's own begins with a statement
        # of SQLAlchemy's.
        connection, driver, transaction = await self._begun()
        try:
            yield connection
        except BaseException:
            try:
                await transaction.rollback()
            except Exception:
                # Of a link that is lost it says less than what led to it. The server rolls back what has no end.
                driver.terminate()
            raise
        else:
            await transaction.commit()
        finally:
            await asyncio.shield(connection.close())

    async def _begun(self) -> tuple[AsyncConnection, Driver, Transaction]:
        """A connection on which the database has begun one. Of those that were there before any may have died since,
        and tell only when they are asked."""
        for tries_left in reversed(range(_WRITING + 1)):
            connection = await self.engine.connect()
            driver = _driver_under(connection)
            transaction = driver.transaction()
            try:
                await transaction.start()
            except BaseException as error:
                driver.terminate()
                await asyncio.shield(connection.close())
                if not (isinstance(error, DATABASE_AWAY) and tries_left):
                    raise
            else:
                break
        return connection, driver, transaction

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of which nothing is kept."""
        with suppress(_Tried):
            async with self.begin() as connection:
                yield connection
                raise _Tried

    async def connect_alone(self) -> Driver:
        """A connection outside every pool, for LISTEN and for locks held as long as a process lives."""
        return await connect(self.url, server_settings=self._settings)

    async def check_clock(self) -> None:
        """Raises ClockWrong."""
        check_clock(await self.reads.fetchval("SELECT clock_timestamp()", timeout=2))
