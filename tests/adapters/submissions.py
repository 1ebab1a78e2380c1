"""A submission to test with, and a spec that takes it."""

from datetime import UTC, datetime
from typing import Any

import yaml

from contracts.agency import AgencySpec
from contracts.submission import Submission, SubmittedFile

CODE = "H21.30-261120-0001"
APPLICANT = 'Rơ Châm H\'Lan <&> "một"'

FILES = (
    SubmittedFile(name="đơn.pdf", media_type="application/pdf", content=b"%PDF-1.7 don"),
    SubmittedFile(name="ảnh.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n anh"),
    SubmittedFile(name="hợp đồng.pdf", media_type="application/pdf", content=b"%PDF-1.7 hop dong"),
)

_SPEC = """
id: so-thu
identifier: H21.30
identifier_is_placeholder: true
name: {vi: Sở Thử nghiệm, en: Department of Tests}
kind: department
system: {kind: rest, address: ADDRESS, private: true, limits: {attempts: 3, read_seconds: 1}}
mapping:
  code: ma
  occurred_at: {path: luc, convert: date, formats: [iso]}
  facts: {note: ghiChu}
"""

SUBMIT: dict[str, Any] = yaml.safe_load("""
create:
  request:
    method: POST
    path: /ho-so
    headers: {Idempotency-Key: "{submission}"}
    json_body:
      ma: "{code}"
      thuTuc: "{procedure_code}"
      nguoiNop: "{applicant_name}"
      dienThoai: "{applicant_phone}"
      ngayNop: "{submitted_at|dd/MM/yyyy HH:mm:ss}"
      loaiDat: "{field:loaiDat}"
      dienTich: "{field:dienTich}"
  answer: {error_when: "loi", error_message: loi}
  already_when: "loi && contains(fold(loi), 'da ton tai')"
  reference: so
attach:
  request:
    method: POST
    path: /ho-so/{reference}/tep
    json_body: {ten: "{file_name}", loai: "{file_type}", doDai: "{file_size}", noiDung: "{file_base64}"}
  answer: {error_when: "loi", error_message: loi}
finish:
  request: {method: POST, path: "/ho-so/{reference}/hoan-tat"}
""")


def submission(**changes: Any) -> Submission:
    return Submission.model_validate(
        {
            "id": "01J-nop-1",
            "code": CODE,
            "procedure_code": "1.001612",
            "procedure_name": "Cấp đổi giấy chứng nhận",
            "applicant_name": APPLICANT,
            "note": "Nộp hộ mẹ",
            "fields": {"loaiDat": "Đất ở"},
            "files": FILES,
            "submitted_at": datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
        }
        | changes
    )


def spec_of(operations: dict[str, Any], address: str = "http://nop.invalid", **limits: Any) -> AgencySpec:
    """An agency with these operations, and with `limits` of its own."""
    data = yaml.safe_load(_SPEC.replace("ADDRESS", address))
    data["system"]["limits"] |= limits
    return AgencySpec.model_validate(data | {"operations": operations})
