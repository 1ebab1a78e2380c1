"""The commands `hub subscriptions …`: what an admin reads, what becomes of it, and what wrong orders are told."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from config.secrets import digest_key_file, seal_key_file
from contracts.subscription import Subscription, SubscriptionRequest
from hub import cli
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed import reading
from hub.feed.cursor import Cursors
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from tests.parts import pulled_spec, registry_of
from tests.running import ROOT

Hub = Callable[..., Result]
T = TypeVar("T")


@pytest.fixture
def hub(database_url: str, tmp_path: Path, logging_put_back: None) -> Hub:
    """Runs a command."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path), "COLUMNS": "80"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli.app, ["subscriptions", *words], env=settings)

    return run


@pytest.fixture
def own_vault(tmp_path: Path) -> Vault:
    """With the keys of the hub that the commands open."""
    return Vault(seal_keys=seal_key_file(tmp_path), digest_key=digest_key_file(tmp_path))


@asynccontextmanager
async def opened(url: str, vault: Vault) -> AsyncIterator[tuple[Database, SubscriptionStore]]:
    database = await Database.open(url)
    try:
        async with registry_of(pulled_spec("ubnd-pleiku")) as registry:
            yield database, SubscriptionStore(database, registry, vault, plain_http=False)
    finally:
        await database.close()


def done(url: str, vault: Vault, work: Callable[[Database, SubscriptionStore], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with opened(url, vault) as (database, store):
            return await work(database, store)

    return asyncio.run(inside())


@pytest.fixture
def made(database_url: str, own_vault: Vault) -> Subscription:
    """One of the key `portal`, whose name looks like markup."""

    async def make(database: Database, store: SubscriptionStore) -> Subscription:
        await ApiKeys(database).create("portal", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
        wanted = SubscriptionRequest(address="https://so.example/hook", name="[red]một cửa[/]", email="it@so.example")
        return (await store.make("portal", wanted, actor="test"))[0]

    return done(database_url, own_vault, make)


def one(url: str, vault: Vault, id: str) -> Subscription:
    return done(url, vault, lambda _, store: store.one(int(id), None))[1]


def test_a_hub_without_any_says_so(hub: Hub) -> None:
    told = hub("list")
    assert (told.exit_code, told.stdout) == (0, "There are no subscriptions.\n")


def test_each_is_a_line_that_says_how_it_fares(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault
) -> None:
    told = hub("list")
    assert told.stdout == f"{made.id}  portal, [red]một cửa[/]: well; last success never\n"
    assert "so.example" not in told.stdout

    async def fail(database: Database, _: SubscriptionStore) -> None:
        await database.reads.execute(
            "UPDATE destination SET failing_since = '2026-11-26T01:00:00Z', last_success_at = '2026-11-25T01:00:00Z'"
            " WHERE kind = 'webhook'"
        )

    done(database_url, own_vault, fail)
    told = hub("list")
    assert "failing since 26/11/2026" in told.stdout and "last success 25/11/2026" in told.stdout


def test_one_is_disabled_and_enabled_and_the_audit_knows(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault
) -> None:
    told = hub("disable", made.id)
    assert (told.exit_code, told.stdout) == (0, f"Disabled: {made.id}.\n"), told.output
    assert "(admin)" in hub("list").stdout
    assert one(database_url, own_vault, made.id).disabled_why == "admin"

    told = hub("enable", made.id)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith(f"Enabled: {made.id}")
    assert one(database_url, own_vault, made.id).enabled

    async def audit(database: Database, _: SubscriptionStore) -> list[tuple[str, str]]:
        rows = await database.reads.fetch("SELECT action, actor FROM audit ORDER BY id")
        return [(row["action"], row["actor"]) for row in rows if row["action"].startswith("subscription.")]

    actions = done(database_url, own_vault, audit)
    assert [action for action, _ in actions] == ["subscription.made", "subscription.disabled", "subscription.enabled"]
    assert all(actor.startswith("cli:") for _, actor in actions[1:])


def test_a_replay_begins_at_a_moment_or_at_a_cursor(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault
) -> None:
    told = hub("enable", made.id, "--replay-since", "2026-11-20T08:00:00")
    assert told.exit_code == 0, told.output

    async def cursor(database: Database, _: SubscriptionStore) -> str:
        return Cursors(own_vault).write(*await reading.here(database))

    told = hub("enable", made.id, "--replay-from", done(database_url, own_vault, cursor))
    assert told.exit_code == 0, told.output


def test_what_was_tried_is_shown_with_the_answer_and_when_it_goes_again(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault
) -> None:
    assert hub("attempts", made.id).stdout == "0 wait.\n"
    # In no network of the hub's: it is not called.
    told = hub("test", made.id)
    assert told.exit_code == 1
    assert told.stderr.startswith("hub: it did not arrive: ")
    [line, waiting] = hub("attempts", made.id).stdout.splitlines()
    assert re.fullmatch(
        r"\d\d/\d\d/\d{4} [\d:]{8}  subscription\.test test-\w+  no answer after \d+\.\d\d s: .+  \(failed\)", line
    )
    assert waiting == "0 wait."

    async def wait(database: Database, _: SubscriptionStore) -> None:
        answer = own_vault.seal(b"[bold]no\x1b[2J\nmore")
        await database.reads.execute("UPDATE attempt SET status = 500, answer = $1", answer)
        await database.reads.execute("UPDATE delivery SET state = 'open', next_try_at = '2096-11-26T01:00:00Z'")
        await database.reads.execute("UPDATE destination SET next_due_at = '2096-11-26T01:00:00Z'")

    done(database_url, own_vault, wait)
    [line, answer, waiting] = hub("attempts", made.id).stdout.splitlines()
    assert "500 after" in line
    assert line.endswith("(again 26/11/2096 " + line[-9:])
    assert answer == "    [bold]no [2J more"
    assert waiting.startswith("1 wait; next try 26/11/2096")
    hub("disable", made.id)
    assert hub("attempts", made.id).stdout.endswith("1 wait.\n")
    assert "(waiting)" in hub("attempts", made.id).stdout


def test_one_is_tested_given_another_secret_and_removed(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Subscriber(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Subscriber) as server:
        Thread(target=server.serve_forever, daemon=True).start()

        async def move(_: Database, store: SubscriptionStore) -> None:
            await store.change(int(made.id), "portal", {"address": f"http://127.0.0.1:{server.server_port}/"})

        done(database_url, own_vault, move)
        monkeypatch.setenv("HUB_ENDPOINT_NETWORKS", '["127.0.0.0/8"]')
        told = hub("test", made.id)
        assert re.fullmatch(r"It arrived: 204 after \d\.\d\d s\.\n", told.stdout), told.output
        server.shutdown()
    told = hub("rotate", made.id, "--overlap", "2")
    assert re.fullmatch(r"whsec_[\w+/]+=\n", told.stdout), told.output
    until = one(database_url, own_vault, made.id).old_secret_until
    assert until and timedelta(hours=1) < until - datetime.now(UTC) <= timedelta(hours=2)
    told = hub("remove", made.id)
    assert (told.exit_code, told.stdout) == (0, f"Removed: {made.id}.\n")
    assert hub("list").stdout == "There are no subscriptions.\n"

    async def audit(database: Database, _: SubscriptionStore) -> list[str]:
        rows = await database.reads.fetch("SELECT action, actor FROM audit WHERE actor LIKE 'cli:%' ORDER BY id")
        return [row["action"] for row in rows]

    actions = done(database_url, own_vault, audit)
    assert actions == [f"subscription.{each}" for each in ("tested", "secret_rotated", "deleted")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("attempts", "4711"), "there is no subscription 4711"),
        (("test", "4711"), "there is no subscription 4711"),
        (("rotate", "4711"), "there is no subscription 4711"),
        (("remove", "4711"), "there is no subscription 4711"),
        (("disable", "4711"), "there is no subscription 4711"),
        (("enable", "4711"), "there is no subscription 4711"),
        (("enable", "1", "--replay-from", "nonsense"), "--replay-from is no cursor of this hub's change feed"),
        (
            ("enable", "1", "--replay-from", "x", "--replay-since", "2026-11-20"),
            "give --replay-from or --replay-since, not both",
        ),
    ],
)
def test_a_wrong_order_is_said_in_one_sentence(hub: Hub, made: Subscription, words: tuple[str, ...], said: str) -> None:
    told = hub(*words)
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [f"hub: {said}"]


def test_a_replay_from_before_what_is_kept_is_refused(
    hub: Hub, made: Subscription, database_url: str, own_vault: Vault
) -> None:
    async def prune(database: Database, _: SubscriptionStore) -> str:
        generation, here = await reading.here(database)
        await database.reads.execute("UPDATE feed SET pruned_xid = '5', pruned_seq = 5")
        return Cursors(own_vault).write(generation, here._replace(xid=1, seq=1))

    told = hub("enable", made.id, "--replay-from", done(database_url, own_vault, prune))
    assert told.exit_code == 1
    assert "not all that followed is kept; enable it without a replay" in told.stderr
