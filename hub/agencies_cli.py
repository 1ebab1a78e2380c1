"""The command `hub agencies change`: what a merger, a split or a new name does to dossiers; rehearsed, or done."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub import main
from hub.agencies.change import AgencyChanges, NotNow, Report, as_text
from hub.agencies.plan import PlanMistake, load
from hub.at_hand import actor, in_hub
from hub.terminal import Stop, one_sentence

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
        try:
            read = load(plan)
        except PlanMistake as mistake:
            raise Stop(str(mistake)) from None

    async def work(hub: main.Hub) -> Report:
        changes = AgencyChanges(hub.database, hub.registry, hub.vault)
        return await (changes.apply(read, actor=actor()) if apply else changes.rehearse(read))

    report = in_hub(work, mendable=(PlanMistake, NotNow))
    print(json.dumps(asdict(report), ensure_ascii=False) if as_json else as_text(report), end="")
