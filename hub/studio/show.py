"""Shows what the studio found in a terminal of any width, 80 columns and no colours included."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from lxml import etree
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from config.spec_file import Mistake, SpecFile
from hub.studio.found import Field
from hub.studio.grade import Grade, Level
from hub.studio.introspect import Introspection
from hub.studio.trial import Attempt
from hub.studio.watching import Exchange

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

# How much of a request and of an answer is shown.
_LINES, _WIDEST = 40, 480


def _console() -> Console:
    # Made at each use: a terminal may be resized, and tests put another in its place.
    return Console(highlight=False, soft_wrap=False)


def introspection(seen: Introspection) -> None:
    """To stderr, because the draft itself goes to stdout."""
    console = Console(highlight=False, stderr=True)
    found = seen.found
    title = f"{found.title or 'The document'}: {_counted(len(found.operations), 'operation')}, "
    console.print(Text(title + (f"SOAP {found.version}" if found.kind == "soap" else "REST"), "bold"))
    for operation in found.operations:
        console.print()
        name = operation.name if found.kind == "soap" else f"{operation.method} {operation.path}  ({operation.name})"
        console.print(Text(name, "bold"))
        console.print(Text("  in   " + (", ".join(map(_described, operation.inputs)) or "nothing")))
        console.print(Text("  out  " + (_described(operation.output) if operation.output.children else "not told")))
        for path in operation.output.walk():
            if path[-1].children:
                console.print(Text(f"{'  ' * len(path)}     {_described(path[-1])}"))
    for heading, sentences in (
        ("Lost", found.lost),
        ("Not fetched", seen.refused),
        ("Put into the document store", tuple(seen.documents) if seen.kept else ()),
    ):
        if sentences:
            console.print()
            console.print(Text(heading, "bold"))
            for sentence in sentences:
                console.print(Padding(Text(f"• {sentence}"), (0, 0, 0, 2), expand=False))
    console.print()


def drafted(file: Path) -> None:
    console = Console(highlight=False, stderr=True)
    console.print(Text(f"The draft is in {file}: confirm each line marked `# guess`, then"))
    console.print(Text(f"  hub adapter check {file}"))


def _described(field: Field) -> str:
    """ "HoSo[] {MaHoSo string, …}" """
    name = field.name + ("[]" if field.many else "")
    if not field.children:
        return f"{name} {field.type or 'empty'}"
    inner = ", ".join(child.name if child.children else f"{child.name} {child.type}" for child in field.children)
    return f"{name} {{{inner}}}"


def mistakes(file: SpecFile, found: Sequence[Mistake]) -> None:
    console = _console()
    for mistake in found:
        at = f"{mistake.file}:{mistake.line}" if mistake.line else mistake.file
        word, style = ("warning", "yellow") if mistake.warning else ("wrong", "bold red")
        console.print(Text.assemble((at, "bold"), "  ", (word, style), "  ", mistake.place))
        console.print(Padding(Text(mistake.words), (0, 0, 0, 4), expand=False))
    wrong = sum(not mistake.warning for mistake in found)
    if wrong:
        summary = f"{file.name}: {_counted(wrong, 'mistake')}, {_counted(len(found) - wrong, 'warning')}."
    elif found:
        summary = f"{file.name}: no mistakes, {_counted(len(found), 'warning')}."
    else:
        summary = f"{file.name}: no mistakes."
    console.print(Text(summary, "bold"))


def attempt(tried: Attempt) -> None:
    console = _console()
    for exchange in tried.exchanges:
        _exchange(console, exchange)
    if tried.content is not None and not _is_shown(tried):
        _step(console, "What the expressions look at")
        _text(console, _pretty_value(tried.content))
    if tried.records:
        _step(console, f"Records found: {len(tried.records)}" + (", the first" if len(tried.records) > 1 else ""))
        _text(console, _pretty_value(tried.records[0]))
    if tried.fields:
        _step(console, "Observation, field by field" + (" (of the first record)" if len(tried.records) > 1 else ""))
        _fields(console, tried)
    if tried.unused:
        _step(console, "Left unused in the records")
        console.print(Text(", ".join(tried.unused)))
    if tried.silent:
        _step(console, "Expressions that found nothing in any record")
        console.print(Text(", ".join(tried.silent)))
    if tried.unusable:
        _step(console, "What did not map")
        for message, times in _grouped([each.message for each in tried.unusable]):
            console.print(Text(f"• {message}" + (f" (and {times - 1} like it)" if times > 1 else "")))
    _step(console, "Verdict")
    console.print(Text(tried.verdict, "bold"))
    for sentence in tried.advice:
        console.print(Padding(Text(f"• {sentence}"), (0, 0, 0, 2), expand=False))


def graded(file: SpecFile, grade: Grade) -> None:
    console = _console()
    console.print(Text(f"{file.name}: {_level(grade.level)}", "bold"))
    for level in list(Level)[1:]:
        console.print()
        console.print(Text(_level(level), "bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        for each in grade.judged:
            if each.rule.level == level:
                said = {True: "  pass", False: "  FAIL", None: "  not known"}[each.passed]
                table.add_row(said, Text(each.rule.en + (f" ({each.seen})" if each.seen else "")))
                if not each.passed:
                    table.add_row("", Text(f"→ {each.rule.how}"))
        console.print(table)


def _level(level: Level) -> str:
    return "no level yet" if level is Level.NONE else level.name.lower()


def _is_shown(tried: Attempt) -> bool:
    """Whether what the expressions look at is the raw answer itself, in JSON."""
    answer = tried.exchanges[-1].answer if tried.exchanges else None
    try:
        return answer is not None and bool(orjson.loads(answer.body) == tried.content)
    except orjson.JSONDecodeError:
        return False


def _exchange(console: Console, exchange: Exchange) -> None:
    record = exchange.record
    if record is None:
        return
    _step(console, f"Request as sent ({record.operation})")
    console.print(Text(f"{record.method} {record.address}", "bold"))
    body = record.request
    if body.startswith(b"?"):
        query, _, body = body.partition(b"\n")
        console.print(Text(query.decode(errors="replace")))
    for name, value in exchange.headers.items():
        console.print(Text(f"{name}: {value}"))
    if body:
        _text(console, _pretty(body))
    status = f"{record.status}, " if record.status else ""
    tries = f", {record.attempts} tries" if record.attempts > 1 else ""
    _step(console, f"Raw answer ({status}{record.response_bytes} bytes, {record.seconds:.2f} s{tries})")
    if record.response:
        _text(console, _pretty(record.response))
    else:
        console.print(Text("(nothing)"))


def _fields(console: Console, tried: Attempt) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    for heading in ("fact", "← expression", "← raw value", "converted"):
        table.add_column(heading, overflow="fold")
    for field in tried.fields:
        converted = "did not map" if field.problem else _shown(field.value)
        table.add_row(*map(Text, (field.fact, field.expression, _shown(field.raw), converted)))
    console.print(table)


def _step(console: Console, title: str) -> None:
    console.print()
    console.print(Rule(Text(title, "bold"), align="left", characters="─"))


def _text(console: Console, text: str) -> None:
    lines = [
        line if len(line) <= _WIDEST else f"{line[:_WIDEST]} … {len(line) - _WIDEST} characters more"
        for line in text.splitlines()
    ]
    for line in lines[:_LINES]:
        console.print(Text(line))
    if len(lines) > _LINES:
        console.print(Text(f"… {len(lines) - _LINES} lines more"))


def _pretty(body: bytes) -> str:
    """`body` with one thing to a line, where it is JSON or XML; else as it is."""
    try:
        return _pretty_value(orjson.loads(body))
    except orjson.JSONDecodeError:
        pass
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True)
        return etree.tostring(etree.fromstring(body, parser), pretty_print=True, encoding="unicode")
    except (etree.XMLSyntaxError, ValueError):
        return body.decode(errors="replace")


def _pretty_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value.astimezone(_VIETNAM):%Y-%m-%d %H:%M:%S%z}"
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _grouped(messages: Sequence[str]) -> list[tuple[str, int]]:
    """Messages alike but for the dossier they name, as the first of them and how many there are."""
    kinds: dict[str, tuple[str, int]] = {}
    for message in messages:
        kind = message.partition(" holds ")[2] or message.partition(" has ")[2] or message
        first, times = kinds.get(kind, (message, 0))
        kinds[kind] = first, times + 1
    return list(kinds.values())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
