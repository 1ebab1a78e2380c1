"""Logging: one line per event, each with its correlation id, none with anybody's personal data."""

import asyncio
import atexit
import json
import logging
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from time import time
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from contracts.observation import PERSONAL

_correlation: ContextVar[str | None] = ContextVar("correlation_id", default=None)

#: Keys whose values never reach the log, whoever passes them. The agencies' own names for them are here too,
#: because a raw record may be logged by mistake.
_PERSONAL_KEYS = PERSONAL | {
    *("phone", "email", "note", "body"),
    *("nguoinop", "hoten", "dienthoai", "sodienthoai", "sodinhdanh", "sogiayto", "ghichu"),
}

_PLAIN = frozenset((str, int, float, bool, type(None)))

#: Libraries that log addresses with their queries, SQL with its values, message bodies, or every tick.
_TALKATIVE = ("apscheduler", "httpcore", "httpx", "sqlalchemy", "zeep")


_GATHER_SECONDS = 0.02


def correlation_id() -> str | None:
    """The id that ties together all that follows from one request or job; None outside of both."""
    return _correlation.get()


def bind_correlation(value: str) -> None:
    """Make `value` the correlation id of the current task and of those it starts."""
    _correlation.set(value)


def configure(level: str = "INFO", format: str = "json", stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream`, stderr by default: structlog's and the standard library's alike.

    `format` is "json" (a line of JSON each) or "console" (for people); another one, or an unknown level,
    is a ValueError. Start uvicorn with `log_config=None`, so that it leaves this in place.
    """
    renderers: dict[str, Processor] = {
        "json": structlog.processors.JSONRenderer(serializer=_json),
        "console": structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    }
    if format not in renderers:
        raise ValueError(f"the log format is {format!r}; it can be {' or '.join(renderers)}")
    root = logging.getLogger()
    root.setLevel(level.upper())
    handler = logging.StreamHandler(stream or sys.stderr)
    # Not through the standard library: that costs four times as much, and there is a line for each request.
    structlog.configure(
        processors=[_begun, lambda _logger, _method, event: ((event,), {})],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=Lines(handler.stream, renderers[format]).logger,
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # A standard logger's `extra` is left out on purpose: nobody has looked at what is in it.
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _begun],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _ended, renderers[format]],
        )
    )
    root.handlers = [handler]
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its lines hold paths and query strings; hub.request_log writes better ones.
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)


class Lines:
    """Writes lines to `stream`: those of some moments together, a warning or worse at once.

    By itself, to make and write a line takes a request longer than all its layers; many at once take a third of that.
    Who is killed takes the lines of its last moment along. Outside of an event loop each line is written at once.
    """

    def __init__(self, stream: TextIO, render: Processor) -> None:
        self._stream, self._render = stream, render
        self._waiting: deque[EventDict] = deque()
        self._writing = Lock()
        atexit.register(self._write)

    def logger(self, *_args: Any) -> "Lines":
        """structlog asks for a logger where it writes its first line."""
        return self

    def info(self, event: EventDict) -> None:
        is_first = not self._waiting
        self._waiting.append(event)
        if is_first:
            try:
                asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._write)
            except RuntimeError:
                self._write()

    def error(self, event: EventDict) -> None:
        self._waiting.append(event)
        self._write()

    debug = info
    warning = critical = error

    def _write(self) -> None:
        with self._writing:
            # Until there is nothing: who adds to what is here relies on this to write that, too.
            while self._waiting:
                self._stream.write("".join(self._line(self._waiting.popleft()) for _ in range(len(self._waiting))))
                self._stream.flush()

    def _line(self, event: EventDict) -> str:
        try:
            return f"{self._render(self, '', _ended(self, '', event))!s}\n"
        except Exception as error:
            # Its writer is long gone, and others' lines wait behind it.
            told = {
                "event": "log.not_written",
                "level": "error",
                "of": str(event["event"]),
                "why": type(error).__name__,
            }
            return f"{self._render(self, '', told)!s}\n"


def _begun(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """What only this moment knows: time, correlation, what was raised, and what may be changed the next moment."""
    event["level"] = method
    if (current := _correlation.get()) is not None:
        event.setdefault("correlation_id", current)
    event["timestamp"] = time()
    if "exc_info" in event:
        event = _render_exception(logger, method, event)
    return event if _PLAIN.issuperset(map(type, event.values())) else _masked(event)


def _ended(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: the value of any key known to be personal becomes "***", at any depth."""
    event["timestamp"] = datetime.fromtimestamp(event["timestamp"], UTC).isoformat().replace("+00:00", "Z")
    for key in event:
        if _is_personal(key):
            event[key] = "***"
    return event


def _masked(value: Any) -> Any:
    """A copy."""
    if isinstance(value, dict):
        return {key: "***" if _is_personal(key) else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


@lru_cache(maxsize=4096)
def _is_personal(key: object) -> bool:
    folded = str(key).casefold()
    return folded.startswith("applicant") or folded in _PERSONAL_KEYS


def _json(event: EventDict, **options: Any) -> str:
    try:
        return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS, **options).decode()
    except TypeError:  # numbers past 64 bits, halves of characters
        return json.dumps(event, ensure_ascii=False, **options)


def _short_traceback(exc_info: ExcInfo) -> str:
    """Where it happened and the first line of each message.

    pydantic and the database drivers quote the offending values from the second line on, and those may be
    a person's.
    """
    return "\n".join(_traceback_lines(exc_info[1]))


def _traceback_lines(error: BaseException) -> Iterator[str]:
    origin = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if origin is not None:
        yield from _traceback_lines(origin)
        yield "which led to:"
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    yield f"{type(error).__module__}.{type(error).__qualname__}: {str(error).partition(chr(10))[0]}"
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from (f"  | {line}" for line in _traceback_lines(member))


_render_exception = structlog.processors.ExceptionRenderer(_short_traceback)
