"""Where the hub may connect to."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.calling.egress import allowed_addresses, kind_of
from contracts.errors import Unreachable
from contracts.system import Limits
from tests.adapters.calls import Records, call
from tests.adapters.servers import Told, answering


class Names(dict[str, list[str]]):
    """What each name leads to, in place of the machine's own look-up."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def look_up(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names.look_up)
        yield names


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("203.162.4.191", "public"),
        ("2001:4860:4860::8888", "public"),
        ("127.0.0.1", "private"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("::1", "private"),
        ("fd12::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:8.8.8.8", "public"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::8.8.8.8", "public"),
        ("64:ff9b::a9fe:a9fe", "forbidden"),
        ("2002:7f00:1::", "private"),
        ("::ffff:169.254.169.254", "forbidden"),
        ("169.254.169.254", "forbidden"),
        ("169.254.1.1", "forbidden"),
        ("fe80::1", "forbidden"),
        ("fe80::1%2", "forbidden"),
        ("fec0::1", "forbidden"),
        ("fd00:ec2::254", "forbidden"),
        ("100.100.100.200", "forbidden"),
        ("224.0.0.1", "forbidden"),
        ("ff02::1", "forbidden"),
        ("0.0.0.0", "forbidden"),
        ("0.1.2.3", "forbidden"),
        ("::", "forbidden"),
        ("240.0.0.1", "forbidden"),
        ("255.255.255.255", "forbidden"),
        ("192.0.2.1", "forbidden"),
        ("198.18.0.1", "forbidden"),
        ("2001:db8::1", "forbidden"),
        ("::7f00:1", "forbidden"),
        ("2001:0:7f00:1::", "forbidden"),
    ],
)
def test_what_kind_an_address_is(address: str, kind: str) -> None:
    assert kind_of(address) == kind


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_needs_leave_however_it_is_written(host: str) -> None:
    async with answering(lambda _: Told("secret")) as address:
        port = address.rpartition(":")[2]
        records = Records()
        with pytest.raises(Unreachable, match=r"is in a private network.*`private: true`") as caught:
            await call(f"http://{host}:{port}", Limits(), records=records, private=False)
    assert not caught.value.sent
    assert not caught.value.passing
    assert [(record.outcome, record.attempts) for record in records] == [("unreachable", 1)]


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "224.0.0.1", "[::]"])
async def test_some_addresses_are_no_agencys_even_with_leave(host: str) -> None:
    with pytest.raises(Unreachable, match="no agency can have") as caught:
        await call(f"http://{host}/", Limits())
    assert not caught.value.sent
    assert not caught.value.passing


async def test_the_address_that_was_checked_is_the_one_called(names: Names) -> None:
    """The name leads elsewhere at the second look-up; there is none."""
    names["agency.test"] = ["127.0.0.1"]
    async with answering(lambda asked: Told(asked.headers["host"])) as address:
        port = address.rpartition(":")[2]
        answer = await call(f"http://agency.test:{port}")
    assert answer.body.decode() == f"agency.test:{port}"
    assert names.asked == ["agency.test"]


async def test_a_dead_address_leaves_time_for_the_next(names: Names) -> None:
    async with answering(lambda _: Told("ok")) as address:
        names["agency.test"] = ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first
        assert (await call("http://agency.test:" + address.rpartition(":")[2])).body == b"ok"


async def test_of_several_addresses_only_those_allowed_are_given(names: Names) -> None:
    names["agency.test"] = ["169.254.169.254", "10.0.0.1", "203.162.4.191"]
    assert await allowed_addresses("agency.test", 22, private=False) == ["203.162.4.191"]
    assert await allowed_addresses("agency.test", 22, private=True) == ["10.0.0.1", "203.162.4.191"]


async def test_a_name_that_leads_nowhere(names: Names) -> None:
    with pytest.raises(Unreachable, match=r"The name agency\.test leads nowhere") as caught:
        await call("http://agency.test/")
    assert not caught.value.sent
    assert caught.value.passing
