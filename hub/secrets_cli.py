"""The commands `hub secrets …`: which there are; set from standard input, remove, seal anew. None shows what one is."""

import sys
from getpass import getpass
from typing import Annotated

import typer

from hub import main
from hub.at_hand import actor, in_hub
from hub.secrets.keeping import Kept, SecretWrong
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Secrets that specs only name.")

_Name = Annotated[str, typer.Argument(help="As specs have it, such as so-tnmt-khoa.")]


@app.command("list")
def show() -> None:
    """Show which there are and which are missing."""

    async def work(hub: main.Hub) -> list[Kept]:
        return await hub.secrets.all(hub.registry)

    for each in in_hub(work):
        ends = f", ends {each.expires_at.astimezone():%d/%m/%Y}" if each.expires_at else ""
        used = f", for {', '.join(each.agencies)}" if each.agencies else ""
        print(f"{each.name}: {each.place}{used}{ends}")


@app.command("set")
def put(name: _Name) -> None:
    """Keep a secret in the database. It is read from standard input, or asked for; an argument would be seen by all."""
    value = getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()
    in_hub(lambda hub: hub.secrets.put(name, value.strip(), actor=actor()), mendable=(SecretWrong,))
    print(f"Kept: {name}. All processes use it within seconds.")


@app.command()
def remove(name: _Name) -> None:
    """Take a secret out of the database."""
    if not in_hub(lambda hub: hub.secrets.remove(name, actor=actor())):
        with one_sentence():
            raise Stop(f"the database has no secret {name}")
    print(f"Removed: {name}")


@app.command()
def rotate() -> None:
    """Seal all of them anew, under the newest of HUB_SEAL_KEYS; then an older key is not needed for them any more."""
    print(f"Sealed anew: {in_hub(lambda hub: hub.secrets.seal_anew(actor=actor()))}")
