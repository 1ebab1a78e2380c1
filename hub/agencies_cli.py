"""The command `hub agencies change`: what a merger, a split or a new name does to dossiers; rehearsed, or done."""

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from hub import log, main
from hub.agencies.change import AgencyChanges, NotNow, Report, as_text
from hub.agencies.plan import PlanMistake, load
from hub.terminal import Stop, database_url, one_sentence

app = typer.Typer(no_args_is_help=True, help="What becomes of dossiers when agencies change.")


@app.callback()
def agencies() -> None:
    """What becomes of dossiers when agencies change."""


@app.command()
def change(
    plan: Annotated[Path, typer.Argument(help="The plan, a YAML file; its lists lie beside it.", metavar="PLAN.yaml")],
    apply: Annotated[
        bool | None, typer.Option("--apply/--dry-run", help="Move the dossiers, or only say what would move.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Have dossiers follow the successors of their agencies, by rules or by a list, and report on it.

    It may be interrupted, and begun again. There is no undo: what moved wrongly moves back by another plan, and the
    history of each dossier tells both.
    """
    with one_sentence():
        if apply is None:
            raise Stop("say --dry-run or --apply")
        settings = Settings()
        log.configure("WARNING", settings.log_format)

        async def work() -> Report:
            read = load(plan)
            async with database_url(settings) as url, main.open_hub(settings, url) as hub:
                changes = AgencyChanges(hub.database, hub.registry, hub.vault)
                if apply:
                    return await changes.apply(read, actor=f"cli:{os.environ.get('USER', 'unknown')}")
                return await changes.rehearse(read)

        try:
            report = asyncio.run(work())
        except (PlanMistake, NotNow) as problem:
            raise Stop(str(problem)) from None
        print(json.dumps(asdict(report), ensure_ascii=False) if as_json else as_text(report), end="")
