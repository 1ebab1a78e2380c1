"""Agency files: the province's own load, and a wrong one is told with file, line and what would be right."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.load import ConfigError, load_agencies
from config.settings import Settings
from contracts.system import RestSystem
from tests.parts import pushing_spec

GOOD: dict[str, Any] = pushing_spec().model_dump(mode="json", exclude_defaults=True)

SEED = {
    "Sở Thông tin và Truyền thông",
    "Sở Kế hoạch và Đầu tư",
    "Sở Tài chính",
    "Sở Xây dựng",
    "Sở Giao thông vận tải",
    "Sở Tài nguyên và Môi trường",
    "Sở Công Thương",
    "Sở Nông nghiệp và Phát triển nông thôn",
    "Sở Y tế",
    "Sở Giáo dục và Đào tạo",
    "Sở Lao động, Thương binh và Xã hội",
    "Sở Tư pháp",
    "Sở Nội vụ",
    "Sở Văn hóa, Thể thao và Du lịch",
    "Sở Khoa học và Công nghệ",
    "Sở Ngoại vụ",
    "Ban Dân tộc",
    "Thanh tra tỉnh",
    "Ban Quản lý Khu kinh tế",
    "Ủy ban nhân dân thành phố Pleiku",
    "Bưu điện tỉnh Gia Lai",
}


def write(folder: Path, text: str, name: str = "ubnd-pleiku.yaml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_every_agency_of_the_province_is_there() -> None:
    specs = load_agencies(Settings().agencies_dir)
    assert {spec.name.vi for spec in specs.values()} >= SEED
    assert {spec.id for spec in specs.values() if spec.enabled} == {"so-tnmt", "so-khdt", "ubnd-pleiku"}
    identifiers = [spec.identifier for spec in specs.values()]
    assert len(set(identifiers)) == len(identifiers)


def test_an_address_may_be_given_from_outside(tmp_path: Path) -> None:
    system = {"kind": "rest", "address": "http://127.0.0.1:1"}
    write(tmp_path, yaml.safe_dump(GOOD | {"system": system}))
    spec = load_agencies(tmp_path, {"ubnd-pleiku": "https://mot-cua.example"})["ubnd-pleiku"]
    assert isinstance(spec.system, RestSystem)
    assert spec.system.address == "https://mot-cua.example"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: x\na: [", "ubnd-pleiku.yaml, line 2"),
        ("- 1", "a mapping of keys"),
        ("id: x\nid: y", "line 2: the key 'id' is given twice"),
        ("a: &a {b: c}\nd: {<<: *a}", "line 2: `<<` is not taken; write the keys out"),
        ("id: x\nstatuses:\n  01: '2'", "line 3: the key 01 is not text; put it in quotes"),
        ("id: x\nstatuses: {NO: '3'}", "line 2: the key NO is not text; put it in quotes"),
        ("id: x\n? [a]\n: b", "line 2: the key ['a'] is not text"),
        ("id: x\nvalid_to: 2025-13-01", "line 2: month must be in 1..12"),
        ("id: x\nphone: '\x01'", "line 2: a control character"),
        ("id: x\nwhat: !!python/object/apply:os.getcwd []", "line 2: could not determine a constructor"),
        ("id: x\n---\nid: y", "line 2: expected a single document"),
        (yaml.safe_dump(GOOD | {"identifier": 21.2}), "identifier: Input should be a valid string; put it in quotes"),
        (yaml.safe_dump(GOOD | {"id": "khac"}), "must be called khac.yaml"),
        (yaml.safe_dump(GOOD | {"nme": 1}), "nme: there is no such key here; is 'name' meant?"),
        (yaml.safe_dump(GOOD | {"statuses": {"XONG": "11"}}), "statuses.XONG"),
        (yaml.safe_dump(GOOD | {"statuses": {"XONG": "9", "xong ": "9"}}), "the same word once folded"),
        (yaml.safe_dump(GOOD | {"time_zone": "Asia/Pleiku"}), "is no time zone"),
        (yaml.safe_dump(GOOD | {"successors": ["nobody"]}), "'nobody' is no agency"),
        (yaml.safe_dump(GOOD | {"operations": {"lookup": {"request": {"path": "/"}}}}), "need a `system`"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_agencies(write(tmp_path, text))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_value_deep_inside_is_told_with_its_line(tmp_path: Path) -> None:
    text = yaml.safe_dump(GOOD | {"system": {"kind": "rest", "address": "http://x", "limits": {"attempts": 99}}})
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "attempts" in line)
    with pytest.raises(ConfigError, match=f"line {line}: system.*attempts: .*less than or equal to 6"):
        load_agencies(write(tmp_path, text))


@pytest.mark.parametrize(
    ("system", "request_", "says"),
    [
        (
            {"kind": "soap", "address": "http://x", "wsdl": "x.wsdl"},
            {"operation": "TraCuu", "paramters": {}},
            "operations.lookup.request.paramters: there is no such key here; is 'parameters' meant?",
        ),
        (
            {"kind": "rest", "address": "http://x"},
            {"path": "/", "method": "PATCH"},
            "operations.lookup.request.method: Input should be 'GET', 'POST'",
        ),
        ({"kind": "rest"}, {"path": "/"}, "system.address: Field required"),
    ],
)
def test_a_mistake_in_a_request_is_told_as_of_the_kind_that_was_meant(
    tmp_path: Path, system: dict[str, Any], request_: dict[str, Any], says: str
) -> None:
    lookup = {"lookup": {"request": request_}}
    with pytest.raises(ConfigError) as error:
        load_agencies(write(tmp_path, yaml.safe_dump(GOOD | {"system": system, "operations": lookup})))
    assert says in str(error.value)


def test_an_empty_folder_and_addresses_of_no_use_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no agency file"):
        load_agencies(tmp_path)
    write(tmp_path, yaml.safe_dump(GOOD))
    with pytest.raises(ConfigError, match="names 'nobody'"):
        load_agencies(tmp_path, {"nobody": "http://x"})
    with pytest.raises(ConfigError, match="names 'ubnd-pleiku', which has no `system`"):
        load_agencies(tmp_path, {"ubnd-pleiku": "http://x"})


def test_any_file_is_an_agency_or_a_config_error(tmp_path: Path) -> None:
    """Whatever one slip of the hand makes of a good file, an operator gets a sentence."""
    good = (Settings().agencies_dir / "so-khdt.yaml").read_text("utf-8").splitlines()
    for number in range(len(good)):
        for slip in ("", "- " + good[number], "  " + good[number], good[number] + ": [", good[number].lstrip()):
            text = "\n".join([*good[:number], slip, *good[number + 1 :]])
            with suppress(ConfigError):
                load_agencies(write(tmp_path, text, "so-khdt.yaml"))
