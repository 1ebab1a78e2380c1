"""`hub accounts`: who keeps the hub. What an admin does in the browser, for whoever is at the hub's terminal."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from hub import main
from hub.access.accounts import ONE_TIME_LIFETIME, AccountWrong
from hub.access.roles import Role
from hub.at_hand import actor, in_hub, known_agency

app = typer.Typer(no_args_is_help=True, help="Accounts of people who keep the hub.")

_Name = Annotated[str, typer.Argument(help="Such as an.nguyen.")]
_HOURS = int(ONE_TIME_LIFETIME.total_seconds() // 3600)


@app.command("list")
def list_accounts() -> None:
    """Show all of them."""

    async def work(hub: main.Hub) -> None:
        for each in await hub.sign_in.accounts.all():
            of = "all agencies" if each.agencies is None else ", ".join(each.agencies)
            state = (
                "ended"
                if each.ended_at
                else "has not begun"
                if not each.enrolled
                else "by way of the provider"
                if each.by_provider
                else ""
            )
            print(f"{each.name:20}  {each.role:10}  {of}  {state}".rstrip())

    in_hub(work)


@app.command()
def invite(
    name: _Name,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    agency: Annotated[list[str] | None, typer.Option(help="Only this agency; several for more.")] = None,
) -> None:
    """Make an account, and show the one-time password with which its owner begins."""

    async def work(hub: main.Hub) -> str:
        for each in agency or ():
            known_agency(hub, each)
        return await hub.sign_in.accounts.invite(name, role, agency or None, actor=actor())

    _show(work)


@app.command()
def password(name: _Name) -> None:
    """Show a one-time password for somebody who has lost theirs, or their authenticator."""
    _show(lambda hub: hub.sign_in.accounts.new_password(name, actor=actor()))


@app.command()
def end(name: _Name) -> None:
    """No more of somebody, and of their sessions."""
    in_hub(lambda hub: hub.sign_in.accounts.end(name, actor=actor()), mendable=(AccountWrong,))
    print("Ended.")


def _show(work: Callable[[main.Hub], Coroutine[Any, Any, str]]) -> None:
    made = in_hub(work, mendable=(AccountWrong,))
    print(f"{made}  (at /admin/begin, once, within {_HOURS} hours)")
