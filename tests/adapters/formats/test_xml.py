"""XML as hostile input: whole and harmless, or refused."""

import pytest

from adapters.formats import xml
from contracts.errors import Malformed

BOMB = (
    "<!DOCTYPE a [<!ENTITY b0 'bbbbbbbbbb'>"
    + "".join(f"<!ENTITY b{i} '{f'&b{i - 1};' * 10}'>" for i in range(1, 12))
    + "]>"
)


def test_elements_become_plain_values() -> None:
    source = """<?xml version="1.0" encoding="utf-8"?>
    <x:List xmlns:x="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" total="3">
      <x:Row><Name>Đỗ Thị Hà</Name><Empty/><Nil i:nil="true"/><Typed i:type="x:t">1</Typed></x:Row>
      <x:Row n="2">text</x:Row><x:Row/><!-- a remark --><?a instruction?>
      <One><![CDATA[a < b]]> &amp; c</One>
    </x:List>"""
    assert xml.parse(source.encode()) == (
        "List",
        {
            "@total": "3",
            "Row": [
                {"Name": "Đỗ Thị Hà", "Empty": "", "Nil": None, "Typed": "1"},
                {"@n": "2", "#text": "text"},
                "",
            ],
            "One": "a < b & c",
        },
    )


def test_a_prefix_that_nobody_declared_is_forgiven() -> None:
    source = (
        '<a:b><c xsi:nil="true"/><d z:nil="true" xmlns:z="http://www.w3.org/2001/XMLSchema-instance" e="&amp;"/></a:b>'
    )
    assert xml.parse(source) == ("b", {"c": None, "d": None})
    assert xml.parse('<a:b e="&lt;&amp;" x:f="1"/>') == ("b", {"@e": "<&", "@f": "1"})


def test_a_declaration_that_is_not_true_of_a_string_is_ignored() -> None:
    assert xml.parse('\ufeff<?xml version="1.0" encoding="utf-16"?>\r\n<a>Đã</a>') == ("a", "Đã")


def test_bytes_are_read_in_their_own_encoding() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><a>Đã</a>'
    assert xml.parse(text.encode("utf-16")) == ("a", "Đã")


def test_a_text_may_be_large() -> None:
    assert len(xml.parse(b"<a>" + b"x" * 11_000_000 + b"</a>")[1]) == 11_000_000


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"", "well-formed"),
        (b"   ", "well-formed"),
        (b"text", "well-formed"),
        (b"<a><b>", "well-formed"),
        (b"<a/><b/>", "well-formed"),
        (b"<a>&unknown;</a>", "well-formed"),
        (b"<a>\x00</a>", "well-formed"),
        (b"<a>" * 101 + b"</a>" * 101, "too deeply"),
        ((BOMB + "<a b='&b11;'/>").encode(), "DOCTYPE"),
        ((BOMB + "<a>&b11;</a>").encode("utf-16"), "DOCTYPE"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "DOCTYPE"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "DOCTYPE"),
    ],
)
def test_what_is_not_whole_or_not_harmless_is_refused(source: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        xml.parse(source)


def test_more_elements_than_any_answer_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_ELEMENTS", 1000)
    with pytest.raises(Malformed, match="too many elements"):
        xml.parse(b"<a>" + b"<b/>" * 1000 + b"</a>")
