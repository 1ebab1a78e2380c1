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
from functools import lru_cache
from threading import Lock
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

_PLAIN = (str, int, float, type(None))

#: Libraries that log addresses with their queries, SQL with its values, message bodies, or every tick.
_TALKATIVE = ("apscheduler", "httpcore", "httpx", "sqlalchemy", "zeep")


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
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        _add_correlation,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.ExceptionRenderer(_short_traceback),
        mask_personal,
    ]
    root = logging.getLogger()
    root.setLevel(level.upper())
    handler = logging.StreamHandler(stream or sys.stderr)
    # Not through the standard library: that costs four times as much, and there is a line for each request.
    structlog.configure(
        processors=[*shared, renderers[format]],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=Lines(handler.stream).logger,
        cache_logger_on_first_use=False,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # A standard logger's `extra` is left out on purpose: nobody has looked at what is in it.
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderers[format]],
        )
    )
    root.handlers = [handler]
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its lines hold paths and query strings; hub.request_log writes better ones.
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(True)


class Lines:
    """Writes lines to `stream`: those of one turn of the event loop together, a warning or worse at once.

    A write for each costs a request more than all else that is done for its line. Outside of an event loop
    each line is written at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._writing = Lock()
        atexit.register(self._write)

    def logger(self, *_args: Any) -> "Lines":
        """structlog asks for a logger where it writes its first line."""
        return self

    def info(self, line: str) -> None:
        is_first = not self._waiting
        self._waiting.append(line)
        if is_first:
            try:
                asyncio.get_running_loop().call_soon(self._write)
            except RuntimeError:
                self._write()

    def error(self, line: str) -> None:
        self._waiting.append(line)
        self._write()

    debug = info
    warning = critical = error

    def _write(self) -> None:
        with self._writing:
            # Until there is nothing: who adds to what is here relies on this to write that, too.
            while self._waiting:
                self._stream.write("".join(f"{self._waiting.popleft()}\n" for _ in range(len(self._waiting))))
                self._stream.flush()


def mask_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: the value of any key known to be personal becomes "***", at any depth."""
    masked: EventDict = _masked(event)
    return masked


def _masked(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        # Each line pays for this, and most of what is in them is plain.
        return {
            key: "***" if _is_personal(key) else item if isinstance(item, _PLAIN) else _masked(item)
            for key, item in value.items()
        }
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


def _add_correlation(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (current := correlation_id()) is not None:
        event.setdefault("correlation_id", current)
    return event


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
