"""Asks an HTTP server as many callers would, from a process of its own, and tells how long each answer took.

A bare loop over sockets: what it costs is small beside what it measures (about 10 µs a request). Several kinds of
callers ask at once, each over connections of its own. With a rate, requests come at random times (Poisson), whether or
not earlier ones were answered, and a request's time counts from when it was due; without one, each connection asks
again as soon as it is answered.
"""

import multiprocessing
import random
import select
import socket
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import perf_counter, process_time
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Callers:
    """One kind of callers: their requests, whole and as bytes."""

    requests: Sequence[bytes]
    connections: int
    #: Requests a second; None: as many as are answered.
    rate: float | None = None
    #: Each is asked once, in their order, and then no more; else each time one of them at random.
    once: bool = False


@dataclass(slots=True)
class Outcome:
    """What one kind of callers met with."""

    #: Answers by HTTP status; 0 where the connection broke off.
    statuses: Counter[int] = field(default_factory=Counter)
    #: Seconds until a 2xx or 3xx was there, in the order in which they came.
    seconds: list[float] = field(default_factory=list)
    #: Refused (429, 503) without telling when to come again.
    silent: int = 0
    #: Due, but not answered when the time was up.
    waiting: int = 0
    elapsed: float = 0.0
    #: The share of one core that it took to ask, all kinds of callers together.
    core: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.seconds) / self.elapsed

    def percentile(self, percent: float) -> float:
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]


def request(path: str, body: Any = None, **headers: str) -> bytes:
    """GET `path`, or POST `body` to it as JSON; an underscore in a header's name is a dash."""
    content = b"" if body is None else orjson.dumps(body)
    if content:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    method = "POST" if content else "GET"
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: hub",
        *(f"{name.replace('_', '-')}: {headers[name]}" for name in headers),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def drive(
    address: tuple[str, int], callers: Mapping[str, Callers], *, seconds: float, warm_up: float = 0
) -> dict[str, Outcome]:
    """Ask for so many `seconds`, the first `warm_up` of which are not counted."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_ask, args=(theirs, address, callers, seconds, warm_up), daemon=True
    )
    process.start()
    theirs.close()
    try:
        outcomes: dict[str, Outcome] = ours.recv()
        return outcomes
    finally:
        process.terminate()
        process.join()


class _Line:
    """One connection of a kind of callers."""

    def __init__(self, address: tuple[str, int], crowd: "_Crowd") -> None:
        self.crowd = crowd
        self.due = 0.0
        self.received = b""
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def ask(self, due: float) -> None:
        self.due = due
        self.socket.sendall(self.crowd.next_request())

    def answered(self) -> tuple[int, bytes] | None:
        """The answer's status and head, once all of it is here; status 0 where the connection broke off."""
        try:
            chunk = self.socket.recv(262_144)
        except ConnectionError:
            chunk = b""
        if not chunk:
            return 0, b""
        self.received += chunk
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        lowered = head.lower()
        _, named, rest = lowered.partition(b"\ncontent-length:")
        if len(body) < (int(rest.partition(b"\r")[0]) if named else 0):
            return None
        self.received = b""
        return int(head[9:12]), lowered


class _Crowd:
    """A kind of callers at work."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self.idle: deque[_Line] = deque()
        #: When requests were due for which no connection was free.
        self.queue: deque[float] = deque()
        self.next = perf_counter()
        self.outcome = Outcome()
        self.asked = 0

    def next_request(self) -> bytes:
        requests = self.callers.requests
        self.asked += 1
        return requests[self.asked - 1] if self.callers.once else random.choice(requests)

    @property
    def is_done(self) -> bool:
        return self.callers.once and self.asked >= len(self.callers.requests)

    def set_off(self, now: float) -> None:
        """Ask whatever is due."""
        rate = self.callers.rate
        if rate is None:
            while self.idle and not self.is_done:
                self.idle.popleft().ask(now)
            return
        while self.next <= now:
            self.queue.append(self.next)
            self.next += random.expovariate(rate)
        while self.queue and self.idle and not self.is_done:
            self.idle.popleft().ask(self.queue.popleft())


def _ask(
    told: Connection,
    address: tuple[str, int],
    callers: Mapping[str, Callers],
    seconds: float,
    warm_up: float,
) -> None:
    random.seed(1)
    poll = select.epoll()
    lines: dict[int, _Line] = {}

    def connect(crowd: _Crowd) -> None:
        line = _Line(address, crowd)
        lines[line.socket.fileno()] = line
        poll.register(line.socket, select.EPOLLIN)
        crowd.idle.append(line)

    crowds = {name: _Crowd(each) for name, each in callers.items()}
    for crowd in crowds.values():
        for _ in range(crowd.callers.connections):
            connect(crowd)
    began, spent = perf_counter(), process_time()
    counted = began + warm_up
    end = began + seconds
    while (now := perf_counter()) < end:
        for crowd in crowds.values():
            crowd.set_off(now)
        upcoming = min((crowd.next for crowd in crowds.values() if crowd.callers.rate), default=end)
        for number, _ in poll.poll(max(0.0, min(upcoming, end) - perf_counter())):
            line = lines[number]
            answer = line.answered()
            if answer is None:
                continue
            status, head = answer
            now = perf_counter()
            if now >= counted:
                _note(line.crowd.outcome, status, head, now - line.due)
            if status and b"connection: close" not in head:
                line.crowd.idle.append(line)
            else:
                del lines[number]
                line.socket.close()
                connect(line.crowd)
    for crowd in crowds.values():
        busy = sum(line.crowd is crowd for line in lines.values()) - len(crowd.idle)
        crowd.outcome.waiting = len(crowd.queue) + busy
        crowd.outcome.elapsed = end - counted
        crowd.outcome.core = (process_time() - spent) / seconds
    told.send({name: crowd.outcome for name, crowd in crowds.items()})


def _note(outcome: Outcome, status: int, head: bytes, seconds: float) -> None:
    outcome.statuses[status] += 1
    if 200 <= status < 400:
        outcome.seconds.append(seconds)
    elif status in (429, 503) and b"\nretry-after:" not in head:
        outcome.silent += 1
