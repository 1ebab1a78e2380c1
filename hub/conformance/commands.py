"""The commands `hub conform …`: examine an agency's system, or hear its sender, and show the report."""

import asyncio
import base64
import json
import os
import secrets as random
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text
from typer.core import TyperGroup

from config.secrets import SecretStore
from config.settings import Settings
from config.spec_file import SpecFile
from contracts.agency import AgencySpec
from contracts.errors import Unreachable
from hub.conformance.receiver import Try
from hub.conformance.report import Finding, Report
from hub.conformance.sender import listen
from hub.conformance.system import RECOMMENDED, examine, recommended
from hub.conformance.texts import Lang, explained, framed, of_try, seen
from hub.studio.commands import quiet_settings, spec_file
from hub.terminal import Stop, one_sentence
from hub.wording import spoken


class _SystemElse(TyperGroup):
    """`hub conform TARGET` is `hub conform system TARGET`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["system", *args])


app = typer.Typer(
    cls=_SystemElse,
    no_args_is_help=True,
    help="Play the hub against an agency's system: `hub conform URL`, or `hub conform webhook` for its sender.",
)

_AsJson = Annotated[bool, typer.Option("--json", help="As data, for a program; its texts are English.")]
_Lang = Annotated[Lang, typer.Option("--lang", help="The report's language.")]


@app.command("system")
def examine_system(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="An agency's id, a spec (YAML), or the address of the interface we recommend (docs/conform.md).",
        ),
    ],
    code: Annotated[str | None, typer.Option(help="A dossier that exists, where there is no list.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="List changes from that day on; 30 days without.")
    ] = None,
    press: Annotated[
        int, typer.Option(min=0, max=10_000, help="Look-ups as fast as it goes, to see how it says `slow down`.")
    ] = 0,
    as_json: _AsJson = False,
    lang: _Lang = Lang.VI,
) -> None:
    """Ask the agency's system as the hub would, and report what fails, why it matters, and how to mend it.

    Reads only. The exit code is 1 where something must be mended.
    """
    with _one_sentence(lang):
        settings = quiet_settings()
        secrets = SecretStore(settings.data_dir)

        async def work() -> Report:
            spec = await recommended(target, secrets) if "://" in target else _spec(target, settings)
            return await examine(
                spec,
                secrets=secrets,
                documents=settings.documents_dir,
                code=code,
                since=since.replace(tzinfo=UTC) if since else None,
                press=press,
            )

        try:
            report = asyncio.run(work())
        except (ValueError, Unreachable) as error:
            raise Stop(str(error)) from None
        _show(report, as_json, lang)


@app.command("webhook")
def hear_sender(
    spec: Annotated[
        str | None, typer.Argument(metavar="SPEC", help="An agency's id, or a YAML file; our own shape without.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for a free one.")] = 8200,
    wait: Annotated[float, typer.Option(min=1, help="Seconds to listen at most.")] = 600,
    as_json: _AsJson = False,
    lang: _Lang = Lang.VI,
) -> None:
    """Stand where the hub would, hear a sender, play tricks on it, and report likewise.

    Have it send four events or more. The first is answered with 500, the second slowly, the third with 429. Ctrl-C
    ends the listening; the report follows.
    """
    with _one_sentence(lang):
        settings = quiet_settings()
        said = SpecFile(RECOMMENDED).spec if spec is None else _spec(spec, settings)
        assert said
        secrets: SecretStore | _Made = SecretStore(settings.data_dir)
        if spec is None:
            try:
                secrets.get(_OUR_KEY)
            except KeyError:
                secrets = _Made()
                _say(framed("The secret to sign with: {secret}", lang, secret=secrets.get(_OUR_KEY)))
        try:
            listener = socket.create_server((host, port))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise Stop(f"cannot listen on {host}:{port}: {why}; choose another with --port") from None
        address = f"http://{host}:{listener.getsockname()[1]}/v1/webhooks/{said.id}"
        _say(framed("Send to {address} within {seconds:g} s.", lang, address=address, seconds=wait))

        def say(made: Try, number: int) -> None:
            _say(of_try(made, number, lang))

        try:
            report = asyncio.run(listen(said, secrets=secrets, listener=listener, wait_seconds=wait, say=say))
        except (ValueError, KeyError) as error:
            raise Stop(str(error.args[0])) from None
        _show(report, as_json, lang)


@contextmanager
def _one_sentence(lang: Lang) -> Iterator[None]:
    """hub.terminal's, in the report's language."""
    with one_sentence():
        try:
            yield
        except Stop as stop:
            raise Stop(spoken(lang.value, str(stop))) from None


_OUR_KEY = "so-moi-webhook"


class _Made:
    """contracts.adapter.Secrets: one that is made for this once."""

    def __init__(self) -> None:
        self._secret = "whsec_" + base64.b64encode(random.token_bytes(24)).decode()

    def get(self, name: str) -> str:
        return self._secret


def _spec(name: str, settings: Settings) -> AgencySpec:
    file = spec_file(name, settings)
    if file.spec is None:
        raise Stop(f"{file.mistakes[0]} (`hub adapter check {name}` explains all)")
    return file.spec


def _say(line: str) -> None:
    """To stderr: what goes to stdout is the report."""
    print(line, file=sys.stderr, flush=True)


def _show(report: Report, as_json: bool, lang: Lang) -> None:
    """Raises typer.Exit, with 1 where something must be mended."""
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(report, lang)
    raise typer.Exit(0 if report.conforms else 1)


def _print(report: Report, lang: Lang) -> None:
    """What is to be mended last, where a terminal shows it. Nothing is said by colour alone."""
    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(report.about, "bold"))
    for finding in report.findings:
        if finding.word == "pass":
            told = seen(finding, lang)
            wants = explained(finding.check, lang).wants
            _hanging(console, framed("pass", lang), f"{wants} ({told})" if told else wants)
    # Where nothing answered or nothing came, all that could not be tried for it goes without saying.
    reached = report.findings[0].word == "pass"
    for finding in report.findings:
        if finding.word == "not tried" and reached:
            wants = explained(finding.check, lang).wants
            _hanging(console, framed("not tried", lang), f"{wants}: {seen(finding, lang)}")
    for word in ("better", "FAIL"):
        for finding in report.findings:
            if finding.word == word:
                _print_explained(console, finding, lang)
    console.print()
    words = ("pass", "not tried", "better", "FAIL")
    told = ", ".join(f"{report.count(word)} {framed(word, lang)}" for word in words)
    verdict = framed("It does what it must" if report.conforms else "It does not do what it must", lang)
    console.print(Text(f"{verdict}: {told}.", "bold"))


def _print_explained(console: Console, finding: Finding, lang: Lang) -> None:
    console.print()
    style = "bold red" if finding.word == "FAIL" else "bold yellow"
    wants, why, mend = explained(finding.check, lang)
    console.print(Text.assemble((framed(finding.word, lang), style), f"  {finding.check.id}: ", (wants, "bold")))
    for word, text in (("seen", seen(finding, lang)), ("why", why), ("mend", mend)):
        _hanging(console, f"  {framed(word, lang)}", text)


def _hanging(console: Console, word: str, text: str) -> None:
    """The word, and the text beside it in a column of its own."""
    lines = Text(text).wrap(console, max(20, console.width - 12))
    for number, line in enumerate(lines):
        console.print(
            Padding(Text((f"{word:<10}" if number == 0 else " " * 10) + line.plain), (0, 0, 0, 1), expand=False)
        )
