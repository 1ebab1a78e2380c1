"""The commands `hub sync …`: how each stream stands, its runs, and orders to it. Nothing is said by colour alone."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.adapter import Window
from contracts.agency import Plan
from contracts.errors import AgencyFailure
from contracts.status import DossierStatus
from hub import main
from hub.at_hand import actor, in_hub, known_agency
from hub.streams.store import KINDS, Kind
from hub.sync import orders
from hub.sync.status import StreamStatus, runs, statuses
from hub.terminal import Stop

app = typer.Typer(no_args_is_help=True, help="How far each agency has been read; read it now, pause it, plan it.")

_Agency = Annotated[str, typer.Argument(help="The agency's id.", metavar="AGENCY")]
_Kind = Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")]

#: What an order or a rehearsal may fail with, and an operator can mend.
_MENDABLE = (LookupError, AgencyFailure, orders.RangeWrong, orders.UnderWay)

#: How long an order may lie before somebody is told that no clock or worker seems to run.
_TAKEN_SECONDS = 20


@app.command()
def status(
    agency: Annotated[str | None, typer.Argument(help="One agency; all without it.", metavar="AGENCY")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every stream: what it is doing, how far it has come, and what its latest run did."""

    async def work(hub: main.Hub) -> list[StreamStatus]:
        if agency:
            known_agency(hub, agency)
        async with hub.database.reads.acquire() as connection:
            return await statuses(connection, agency)

    found = in_hub(work, mendable=_MENDABLE)
    if as_json:
        print(json.dumps([asdict(each) for each in found], default=str, ensure_ascii=False))
        return
    table = _table("agency", "kind", "state", "behind", "next", "ran", "outcome", rows=True, changed=True)
    now = datetime.now(UTC)
    for each in found:
        table.add_row(
            each.agency, each.kind, _state(each), _behind(each), _in(each.next_due_at, now), *_latest(each.run, now)
        )
    console = Console()
    console.print(table)
    for each in found:
        if each.last_failure and each.state == "failing":
            _say(console, f"{each.agency} {each.kind}: {each.failures_in_a_row} runs failed: {each.last_failure}")
        if each.run and each.run["quarantined"]:
            _say(console, f"{each.agency} {each.kind}: its latest run kept {each.run['quarantined']} in quarantine")
        for warning in each.warnings:
            _say(console, f"{each.agency} {each.kind}: {warning}")


@app.command("runs")
def show_runs(
    agency: _Agency,
    kind: Annotated[str | None, typer.Option(help=f"Only {', '.join(KINDS)}.")] = None,
    most: Annotated[int, typer.Option(help="How many.")] = 20,
) -> None:
    """Show an agency's latest runs: why, over which window, and what came of them."""

    async def work(hub: main.Hub) -> list[dict[str, Any]]:
        known_agency(hub, agency)
        async with hub.database.reads.acquire() as connection:
            return await runs(connection, agency, kind, limit=most)

    table = _table(
        *("started", "kind", "why", "outcome", "back"), calls=True, rows=True, new=True, changed=True, took=True
    )
    now = datetime.now(UTC)
    said = []
    for run in in_hub(work, mendable=_MENDABLE):
        started = _moment(run["started_at"], now)
        table.add_row(
            started,
            run["kind"],
            run["reason"],
            run["outcome"],
            # How far back before its beginning it read.
            _seconds((run["started_at"] - run["since"]).total_seconds()) if run["since"] else "all",
            *(str(run[name]) for name in ("calls", "received", "added", "changed")),
            _took(run, now),
        )
        if run["message"]:
            said.append(f"{started} {run['outcome']}: {run['message']}")
        if run["quarantined"]:
            said.append(f"{started}: {run['quarantined']} kept in quarantine")
    console = Console()
    console.print(table)
    for line in said:
        _say(console, line)


@app.command()
def drift(
    agency: _Agency,
    most: Annotated[int, typer.Option(help="How many.")] = 30,
) -> None:
    """Show what each full comparison of an agency with the index found amiss, the latest first."""

    async def work(hub: main.Hub) -> list[dict[str, Any]]:
        known_agency(hub, agency)
        async with hub.database.reads.acquire() as connection:
            passes = [run for run in await runs(connection, agency, "reconcile", limit=most) if run["outcome"] == "ok"]
        if not passes:
            raise Stop(f"{agency} has not been compared yet; hub sync run {agency} --kind reconcile does it now")
        return passes

    numbers = ("dossiers", "amiss", "missing", "differed", "back", "gone", "hidden")
    table = _table("compared", **dict.fromkeys(numbers, True))
    for run in in_hub(work, mendable=_MENDABLE):
        details = run["details"]
        found = [details.get(name, 0) for name in ("missing", "differs", "back", "gone", "hidden")]
        dossiers = details.get("seen", 0)
        amiss = f"{sum(found) / dossiers:.2%}" if dossiers else ""
        table.add_row(f"{run['started_at'].astimezone():%d/%m/%Y %H:%M}", str(dossiers), amiss, *map(str, found))
    console = Console()
    console.print(table)
    console.print(
        "missing: the agency had it and we had not; back: it was gone; gone: the agency has it no more; "
        "hidden: not listed, but there when asked for."
    )


@app.command()
def run(
    agency: _Agency,
    kind: _Kind = "pull",
    since: Annotated[
        datetime | None, typer.Option(help="Read a pull or backfill again from this time on, by the agency's clock.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="Read a backfill up to this time; with --since.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change. Changes nothing.")] = False,
) -> None:
    """Have an agency read now by a worker, and watch; or rehearse a pull."""
    wanted = _kind(kind)
    if since and wanted not in ("pull", "backfill"):
        raise typer.BadParameter("only a pull or a backfill is read from a time on", param_hint="--since")
    if until and not (since and wanted == "backfill"):
        raise typer.BadParameter("only a backfill is read up to a time, and with --since", param_hint="--until")
    if dry_run and wanted != "pull":
        raise typer.BadParameter("only a pull is rehearsed", param_hint="--dry-run")

    async def work(hub: main.Hub) -> None:
        spec = known_agency(hub, agency)
        start, end = (at.replace(tzinfo=ZoneInfo(spec.time_zone)) if at else None for at in (since, until))
        if dry_run:
            await _rehearse(hub, agency, start or datetime.now(UTC) - timedelta(days=1))
            return
        async with hub.database.reads.acquire() as connection:
            before = await runs(connection, agency, kind, limit=1)
        if start and wanted == "backfill":
            await orders.backfill(hub.database, spec, since=start, until=end, actor=actor())
        else:
            await orders.want(hub.database, agency, wanted, actor=actor(), since=start)
        await _watch(hub, agency, kind, before[0]["id"] if before else 0, start)

    in_hub(work, mendable=_MENDABLE, audited=not dry_run)


@app.command()
def pause(agency: _Agency, kind: _Kind = "pull") -> None:
    """Read the agency no more until `resume`, but for runs that are asked for."""
    in_hub(lambda hub: orders.pause(hub.database, agency, _kind(kind), actor=actor()), mendable=_MENDABLE, audited=True)


@app.command()
def resume(agency: _Agency, kind: _Kind = "pull") -> None:
    """Read the agency again."""
    in_hub(
        lambda hub: orders.resume(hub.database, agency, _kind(kind), actor=actor()), mendable=_MENDABLE, audited=True
    )


@app.command()
def plan(
    agency: _Agency,
    kind: _Kind = "pull",
    every_seconds: Annotated[int | None, typer.Option("--every", help="Every so many seconds.")] = None,
    cron: Annotated[str | None, typer.Option(help="A cron line, days by their names: '30 2 * * mon-fri'.")] = None,
    jitter_seconds: Annotated[int, typer.Option("--jitter", help="Up to so many seconds later, at random.")] = 0,
) -> None:
    """Change when the agency is read, at once and without a restart; with no times, back to what its spec says."""
    new = None
    if every_seconds is not None or cron is not None:
        try:
            new = Plan(every_seconds=every_seconds, cron=cron, jitter_seconds=jitter_seconds)
        except ValidationError as error:
            raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    in_hub(
        lambda hub: orders.plan(hub.database, agency, _kind(kind), new, actor=actor()), mendable=_MENDABLE, audited=True
    )


async def _rehearse(hub: main.Hub, agency: str, since: datetime) -> None:
    received = added = changed = unusable = 0
    samples: list[Any] = []
    with _progress() as progress:
        task = progress.add_task("rehearsing", total=None, counts="")
        async for page in main.rehearsal(hub, agency, Window(until=datetime.now(UTC), since=since, since_revision=0)):
            received, added = received + page.received, added + page.added
            changed, unusable = changed + page.changed, unusable + page.unusable
            samples += page.changes[: max(0, 10 - len(samples))]
            progress.update(
                task, counts=f"{received} rows, {added} new lines, {changed} dossiers, {unusable} kept back"
            )
    console = Console()
    console.print(f"Nothing was changed. A run would write {added} lines of history and change {changed} dossiers;")
    console.print(f"{unusable} of {received + unusable} records would be kept in quarantine.")
    for code, what, before, after in samples:
        console.print(f"  {code}  {what}  {_status_name(before)} → {_status_name(after)}")


async def _watch(hub: main.Hub, agency: str, kind: str, after: int, since: datetime | None) -> None:
    """Show the run that was ordered, until it ends; or until it has read back to `since`."""
    waited = 0.0
    with _progress() as progress:
        task = progress.add_task("waiting for a worker", total=None, counts="")
        while True:
            async with hub.database.reads.acquire() as connection:
                latest = [each for each in await runs(connection, agency, kind, limit=1) if each["id"] > after]
                [stream] = [each for each in await statuses(connection, agency) if each.kind == kind]
            if latest:
                [run] = latest
                counts = ", ".join(f"{run[name]} {name}" for name in ("pages", "received", "added", "changed"))
                if kind == "backfill":
                    counts = f"{run['done'] or 0} rows{_back_to(run)}"
                progress.update(
                    task, description=run["outcome"], completed=run["done"], total=run["total"], counts=counts
                )
                # The past is read in many runs.
                has_ended = stream.past.get("ended") or (since and run["since"] and run["since"] <= since)
                goes_on = run["outcome"] == "gave_way" or (
                    kind == "backfill" and run["outcome"] == "ok" and not has_ended
                )
                if run["finished_at"] and not goes_on:
                    break
            elif waited > _TAKEN_SECONDS:
                raise Stop("nobody has taken it yet: is a hub running, or a clock and a worker? It will be done then")
            await asyncio.sleep(0.2)
            waited += 0.2
    if run["outcome"] != "ok":
        raise Stop(f"{run['outcome']}: {run['message']}")


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )


def _kind(kind: str) -> Kind:
    for known in KINDS:
        if kind == known:
            return known
    raise typer.BadParameter(f"give one of {', '.join(KINDS)}", param_hint="--kind")


def _table(*names: str, **numbers: bool) -> Table:
    """With columns of words, and then of numbers."""
    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    for name in names:
        table.add_column(name, no_wrap=name in ("agency", "kind", "next", "ran", "behind", "started", "compared"))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _say(console: Console, line: str) -> None:
    """What others said is no markup."""
    console.print(line, markup=False, highlight=False)


def _moment(at: datetime, now: datetime) -> str:
    here = at.astimezone()
    return f"{here:%H:%M:%S}" if here.date() == now.astimezone().date() else f"{here:%d/%m %H:%M}"


def _behind(each: StreamStatus) -> str:
    """At most so much: what changed before is known."""
    return "" if each.lag_at_most is None else _seconds(each.lag_at_most)


def _back_to(run: dict[str, Any]) -> str:
    return f", back to {run['since'].astimezone():%d/%m/%Y}" if run["since"] else ", to the beginning"


def _state(each: StreamStatus) -> str:
    """With how much of the past has been read, while it is being read."""
    rows, total = each.past.get("rows"), each.past.get("total")
    if rows is None or each.past["ended"]:
        return each.state
    if not total:
        return f"{each.state}, {rows} rows{_back_to(each.run) if each.run else ''}"
    return f"{each.state}, {min(rows / total, 1):.0%} of {total}"


def _latest(run: dict[str, Any] | None, now: datetime) -> tuple[str, ...]:
    if run is None:
        return ("",) * 4
    ago = f"{_seconds((now - run['started_at']).total_seconds())} ago"
    return ago, run["outcome"], str(run["received"]), str(run["changed"])


def _took(run: dict[str, Any], now: datetime) -> str:
    return _seconds(((run["finished_at"] or now) - run["started_at"]).total_seconds())


def _in(moment: datetime, now: datetime) -> str:
    ahead = (moment - now).total_seconds()
    if ahead > 365 * 86_400:
        return "if asked"
    return f"in {_seconds(ahead)}" if ahead > 0 else "now"


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    if seconds < 3600:
        return f"{seconds / 60:.0f}min"
    return f"{seconds / 3600:.1f}h" if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f}d"


def _status_name(number: int | None) -> str:
    return DossierStatus(str(number)).name_vi if number is not None else "—"
