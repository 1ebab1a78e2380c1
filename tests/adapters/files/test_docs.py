"""The example in docs/files.md works as it stands."""

import re
from pathlib import Path

import yaml

from adapters import Client, build_adapter
from contracts.agency import AgencySpec
from tests.adapters.files.drops import codes, pages_of
from tests.parts import NamedSecrets

DOCS = Path(__file__).parents[3] / "docs" / "files.md"
EXAMPLE, SERVER = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL))

FILE = """DANH SÁCH HỒ SƠ;;;;;
;;Hồ sơ;;;
Mã hồ sơ;Tên thủ tục;Trạng thái;Người nộp;Ngày cập nhật;Ngày hẹn trả
H21.13-261120-0001;"Cấp bản sao; sao lục";chờ bổ sung;Rơ Châm H'Lan;20/11/2026 08:00:00;30/11/2026
H21.13-261120-0002;Cấp bản sao;Đang xử lý;Ksor Bơng;20/11/2026;
"""


async def test_the_example(client: Client, tmp_path: Path) -> None:
    (tmp_path / "2026-11-24.csv").write_text(FILE)
    changes = {"folder": str(tmp_path), "settle_seconds": 0}
    spec = AgencySpec.model_validate(EXAMPLE | {"system": EXAMPLE["system"] | changes})
    page, _ = await pages_of(build_adapter(spec, client=client, secrets=NamedSecrets(), documents=Path()))
    assert page.unusable == ()
    assert codes(page) == ["H21.13-261120-0001", "H21.13-261120-0002"]
    assert page.observations[0].facts.procedure_name == "Cấp bản sao; sao lục"


def test_the_example_of_a_server() -> None:
    AgencySpec.model_validate(EXAMPLE | {"system": EXAMPLE["system"] | SERVER})
