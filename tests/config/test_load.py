"""Agency files: the province's own load, and a wrong one is told with file, line and what would be right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.load import ConfigError, load_agencies
from config.settings import Settings
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
    assert spec.system
    assert spec.system.address == "https://mot-cua.example"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: x\na: [", "ubnd-pleiku.yaml, line 2"),
        ("- 1", "a mapping of keys"),
        ("id: x\nid: y", "line 2: the key 'id' is given twice"),
        (yaml.safe_dump(GOOD | {"id": "khac"}), "must be called khac.yaml"),
        (yaml.safe_dump(GOOD | {"nme": 1}), "nme: Extra inputs are not permitted"),
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


def test_an_empty_folder_and_an_unknown_address_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no agency file"):
        load_agencies(tmp_path)
    write(tmp_path, yaml.safe_dump(GOOD))
    with pytest.raises(ConfigError, match="names 'nobody'"):
        load_agencies(tmp_path, {"nobody": "http://x"})
