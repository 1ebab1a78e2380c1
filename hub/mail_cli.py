"""The commands `hub mail …`: addresses from which mail came back."""

import sys
from typing import Annotated

import typer

from hub.at_hand import actor, in_hub
from hub.mail.addresses import NoSuchAddress, mark_bounced, mark_good
from hub.mail.returned import LARGEST, take
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Mail that came back.")


@app.callback()
def mail() -> None:
    """Mail that came back."""


@app.command()
def bounced(
    undo: Annotated[bool, typer.Option("--undo", help="The address is good again.")] = False,
) -> None:
    """Send nothing more to an address, because a mailbox got a bounce for it. The address is asked for, or read from
    standard input: it belongs in no list of commands."""
    address = typer.prompt("Address").strip()
    with one_sentence():
        if "@" not in address:
            raise Stop("that is no address")
    mark = mark_good if undo else mark_bounced
    in_hub(lambda hub: mark(hub.database, hub.vault, address, actor=actor()), mendable=(NoSuchAddress,))
    print("Marked.")


@app.command()
def returned() -> None:
    """Read a mail that came to the sender's mailbox, from standard input, as a mail server hands it on.

    Where it says that there is nobody at an address we wrote to, nothing more goes there. Any other mail is let be.
    """
    raw = sys.stdin.buffer.read(LARGEST)
    marked = in_hub(lambda hub: take(hub.database, hub.vault, raw, actor=actor()))
    print("Marked." if marked else "Nothing to mark.")
