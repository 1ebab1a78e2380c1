"""Log lines are JSON, carry the correlation id, and hold nobody's personal data."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from pydantic import BaseModel

from hub.log import bind_correlation, configure, correlation_id
from tests.running import ROOT

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def restored(logging_put_back: None) -> None:
    """The process's logging is put back after each test."""


def configured(format: str) -> io.StringIO:
    """Configure logging; returns what it writes to."""
    stream = io.StringIO()
    configure("INFO", format, stream)
    return stream


@pytest.fixture
def lines() -> Lines:
    """All lines written so far, with logging configured for JSON."""
    stream = configured("json")
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_words_level_and_time(lines: Lines) -> None:
    structlog.get_logger().warning("sync.failed", agency="so-tnmt", message="không trả lời")
    structlog.get_logger().debug("too.fine")
    (line,) = lines()
    assert line["timestamp"].endswith("Z")
    assert line | {"timestamp": None} == {
        "event": "sync.failed",
        "level": "warning",
        "agency": "so-tnmt",
        "message": "không trả lời",
        "timestamp": None,
    }


def test_the_standard_librarys_loggers_write_the_same_lines(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").info("Started on port %d", 8000)
    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == ("Started on port 8000", "uvicorn.error", "info")


def test_libraries_that_log_addresses_or_each_tick_are_quiet(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://agency/api?cccd=064185001234")
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("uvicorn.access").info("GET /?code=H21.20-261123-0007")
    logging.getLogger("sqlalchemy.engine").info("[generated in 0.1s] ('Rơ Châm Hyơ',)")
    assert lines() == []


async def test_each_task_has_its_own_correlation_id(lines: Lines) -> None:
    async def job(name: str) -> str | None:
        bind_correlation(name)
        await asyncio.sleep(0)
        structlog.get_logger().info("job.done")
        return correlation_id()

    outside = correlation_id()
    assert list(await asyncio.gather(job("a"), job("b"))) == ["a", "b"]
    while not lines():
        await asyncio.sleep(0.01)
    assert sorted(line["correlation_id"] for line in lines()) == ["a", "b"]
    assert correlation_id() == outside


class Stubborn:
    def __repr__(self) -> str:
        raise RuntimeError


class Counted(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_the_lines_of_a_moment_are_one_write() -> None:
    stream = Counted()
    configure("INFO", "json", stream)
    log = structlog.get_logger()
    for number in range(5):
        log.info("request.done", number=number)
        await asyncio.sleep(0)
    assert stream.writes == 0
    while not stream.writes:
        await asyncio.sleep(0.01)
    assert stream.writes == 1
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()] == [0, 1, 2, 3, 4]


async def test_what_is_wrong_is_written_at_once_after_what_was_before_it() -> None:
    stream = Counted()
    configure("INFO", "json", stream)
    structlog.get_logger().info("before")
    structlog.get_logger().error("wrong")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["before", "wrong"]
    await asyncio.sleep(0.1)
    assert stream.writes == 1


async def test_a_line_that_cannot_be_written_keeps_no_other() -> None:
    stream = Counted()
    configure("INFO", "json", stream)
    log = structlog.get_logger()
    log.info("cannot.be.told", what=Stubborn())
    log.info("next")
    while not stream.writes:
        await asyncio.sleep(0.01)
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["log.not_written", "next"]


def test_what_is_changed_after_it_was_logged_is_told_as_it_was(lines: Lines) -> None:
    rows = [1]

    async def work() -> None:
        structlog.get_logger().info("counted", rows=rows)
        rows.append(2)
        structlog.get_logger().error("wrong")

    asyncio.run(work())
    assert lines()[0]["rows"] == [1]


def test_the_last_lines_of_a_process_are_written() -> None:
    program = """
import asyncio, structlog, threading
from hub.log import configure
configure()
log = structlog.get_logger()
async def main():
    await asyncio.to_thread(log.info, "of.a.thread")
    log.info("of.the.loop")
    raise SystemExit(3)
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert [json.loads(line)["event"] for line in ended.stderr.splitlines()] == ["of.a.thread", "of.the.loop"]


def test_personal_keys_are_masked_at_any_depth(lines: Lines) -> None:
    structlog.get_logger().info(
        "oops",
        applicant_name="Rơ Châm Hyơ",
        Phone="0905123456",
        note="bà Hyơ nộp thiếu",
        body=b"<HoSo>",
        record={
            "email": "hyo@example.vn",
            "rows": [{"NguoiNop": "Rơ Châm Hyơ", "code": "H21.20-261123-0007"}],
        },
    )
    (line,) = lines()
    text = json.dumps(line, ensure_ascii=False)
    assert not any(secret in text for secret in ("Hyơ", "0905", "hyo@", "HoSo"))
    assert line["record"]["rows"][0]["code"] == "H21.20-261123-0007"


def test_a_traceback_shows_where_but_not_the_values(lines: Lines) -> None:
    class Applicant(BaseModel):
        age: int

    name = "Rơ Châm Hyơ"
    try:
        try:
            Applicant.model_validate({"age": name})
        except ValueError as error:
            raise ExceptionGroup("both", [RuntimeError("while reading"), error]) from error
    except ExceptionGroup:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert "Hyơ" not in line["exception"]
    assert "test_log.py" in line["exception"]
    for part in ("validation error for Applicant", "which led to:", "RuntimeError: while reading"):
        assert part in line["exception"]


def test_people_may_read_it_too() -> None:
    stream = configured("console")
    structlog.get_logger().info("hub.started", port=8000)
    text = stream.getvalue()
    assert "hub.started" in text and "8000" in text and not text.startswith("{")


@pytest.mark.parametrize(("level", "form"), [("INFO", "xml"), ("LOUD", "json")])
def test_a_wrong_setting_is_refused(level: str, form: str) -> None:
    with pytest.raises(ValueError, match=r"'(xml|LOUD)'"):
        configure(level, form)
