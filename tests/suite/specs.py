"""A spec for each kind of server in the contract suite: different words for the same dossiers."""

from typing import Any

import yaml

from contracts.agency import AgencySpec

_COMMON = """
identifier: H21.09
name: {vi: Sở Thử nghiệm, en: Suite}
kind: department
enabled: true
mapping:
  code: maHoSo
  occurred_at: {path: ngayCapNhat, convert: date, formats: [iso]}
  facts:
    status: trangThai
    procedure_code: maThuTuc
    procedure_name: tenThuTuc
    applicant_name: nguoiNop
    applicant_phone: dienThoai
    submitted_at: {path: ngayNop, convert: date, formats: [iso]}
    due_at: {path: ngayHenTra, convert: date, formats: [yyyy-MM-dd]}
    note: ghiChu
statuses: {Đã tiếp nhận: "2", Đang xử lý: "4", Chờ bổ sung: "5", Đã có kết quả: "9", Đã trả kết quả: "10"}
sync: {every_seconds: 60}
"""

_LIST = """
  parameters:
    khoa: "{secret:suite-khoa}"
    tuNgay: "{since|iso}"
    trang: "{page}"
    soDong: "{size}"
"""

_SOAP = """
id: ID
system: {kind: soap, address: ADDRESS, private: true, path: PATH, wsdl: WSDL}
operations:
  lookup:
    request:
      operation: TraCuuHoSo
      parameters: {khoa: "{secret:suite-khoa}", maHoSo: "{code}"}
    answer: {records: hoSo, absent_when: "!hoSo"}
  changes:
    request:
      operation: DanhSachHoSo
      parameters:
        khoa: "{secret:suite-khoa}"
        tuNgay: "{since|yyyy-MM-ddTHH:mm:ss'+07:00'}"
        trang: "{page}"
        soDong: "{size}"
    answer: {records: RECORDS}
    pages: {kind: ascending, size: 2}
"""

_REST = """
id: node-rest
system:
  kind: rest
  address: ADDRESS
  private: true
  auth: {kind: key, headers: {X-Khoa: "{secret:suite-khoa}"}}
operations:
  lookup:
    request: {path: "/ho-so/{code}"}
    answer: {records: d}
  changes:
    request:
      path: /ho-so
      query: {tuNgay: "{since|yyyy-MM-ddTHH:mm:ss'+07:00'}", trang: "{page}", soDong: "{size}"}
    answer: {records: d.results}
    pages: {kind: ascending, size: 2}
"""

_FILES = """
id: folder-csv
system:
  kind: files
  folder: ADDRESS
  pattern: "*.csv"
  settle_seconds: 0
  format: {kind: csv}
"""

#: Where each kind's list has its records.
SOAP_KINDS = {
    "php-document": ("/document.php", "suite-document.wsdl", "hoSo"),
    "php-rpc-encoded": ("/rpc.php", "suite-rpc-encoded.wsdl", "danhSach"),
    "node-document": ("/document", "suite-document.wsdl", "hoSo"),
    "node-rpc-literal": ("/rpc", "suite-rpc-literal.wsdl", "danhSach.hoSo"),
}


def spec_of(kind: str, address: str) -> AgencySpec:
    if kind in ("node-rest", "folder-csv"):
        text = _REST if kind == "node-rest" else _FILES
    else:
        path, wsdl, records = SOAP_KINDS[kind]
        text = _SOAP.replace("ID", kind).replace("PATH", path).replace("WSDL", wsdl).replace("RECORDS", records)
    data: dict[str, Any] = yaml.safe_load(_COMMON) | yaml.safe_load(text.replace("ADDRESS", address))
    return AgencySpec.model_validate(data)
