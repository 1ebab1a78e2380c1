"""Submissions over SOAP: to a server that judges requests by its schema, and keeps whatever it is given."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import yaml

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, Position, Sending
from contracts.agency import AgencySpec
from contracts.errors import Malformed, Rejected
from contracts.submission import Submission
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.shapes.contract import DOCUMENTS, Contract, fault
from tests.adapters.submissions import APPLICANT, FILES, submission

_SPEC = """
id: so-gtvt-thu
identifier: H21.12
identifier_is_placeholder: true
name: {vi: Giấy phép lái xe, en: Driving licences}
kind: department
system: {kind: soap, address: ADDRESS, private: true, path: /Service.asmx, wsdl: licences.wsdl}
operations:
  submit:
    create:
      request:
        operation: TaoMoiHoSo
        parameters:
          dongBoQuyTrinh:
            HoVaTen1: "{applicant_name}"
            NgaySinh1: "{field:ngaySinh}"
            NgayCapCMT1: "{field:ngayCap}"
            SoHoSo1: "{code}"
            NgayNhanHSo1: "{submitted_at|dd/MM/yyyy}"
            NgayCapGPLXDaCo1: &none "9999-12-31T00:00:00"
            NgayHHGPLXDaCo1: *none
            NgayTTGPLXDaCo1: *none
            LyDoCapDoi1: ""
            GhiChu1: "{note}"
            Transfer_flag1: "0"
            NamcapLandau1: "{field:nam}"
      answer: {error_when: "starts_with(TaoMoiHoSoResult || '', 'ERR')", error_message: TaoMoiHoSoResult}
      already_when: "fault && contains(fold(fault), 'da ton tai')"
      reference: TaoMoiHoSoResult
    attach:
      request:
        operation: TaiAnhDinhKem
        parameters:
          uploadDocumentsAttach:
            MaDK: "{reference}"
            Data: "{file_base64}"
            FileExtension: ".{file_extension}"
            TenAnh: "{file_name}"
      answer: {error_when: TaiAnhDinhKemResult != '1', error_message: TaiAnhDinhKemResult}
"""


class Licences:
    """Gives each dossier a number of its own, and knows none again."""

    def __init__(self) -> None:
        self.dossiers: list[dict[str, Any]] = []
        self.files: list[tuple[str, str, str, bytes]] = []
        self.answers: list[Told] = []
        self._contract = Contract("licences.wsdl")

    def __call__(self, asked: Asked) -> Told:
        operation, given = self._contract.asked(asked.body)
        assert asked.headers["soapaction"] == f'"http://tempuri.org/{operation}"'
        if self.answers:
            return self.answers.pop(0)
        [[sent]] = given.values()
        values = {name: text for name, [text] in sent.items()}
        if operation == "TaoMoiHoSo":
            self.dossiers.append(values)
            return self.said(operation, f"DK{len(self.dossiers)}")
        content = b64decode(values["Data"], validate=True)
        self.files.append((values["MaDK"], values["TenAnh"], values["FileExtension"], content))
        return self.said(operation, "1")

    def said(self, operation: str, text: str) -> Told:
        return self._contract.told(f"{operation}Response", {f"{operation}Result": text})


@asynccontextmanager
async def adapter_of(server: Licences, records: Records | None = None) -> AsyncIterator[AgencyAdapter]:
    async with answering(server) as address, Client(records) as client:
        spec = AgencySpec.model_validate(yaml.safe_load(_SPEC.replace("ADDRESS", address)))
        yield build_adapter(spec, client=client, secrets=Secrets(), documents=DOCUMENTS)


def handed(**changes: Any) -> Submission:
    fields = {"ngaySinh": "1985-08-12T00:00:00", "ngayCap": "2001-01-31T00:00:00", "nam": "2001"}
    return submission(**{"fields": fields, "note": None} | changes)


async def all_of(adapter: AgencyAdapter, position: Position | None = None) -> str | None:
    while True:
        sent = await adapter.send(Sending.SUBMIT, handed(), position)
        if sent.next is None:
            return sent.reference
        position = json.loads(json.dumps(sent.next))


async def test_create_then_one_call_for_each_file() -> None:
    server, records = Licences(), Records()
    async with adapter_of(server, records) as adapter:
        assert await all_of(adapter) == "DK1"
    [dossier] = server.dossiers
    assert (dossier["HoVaTen1"], dossier["NgaySinh1"]) == (APPLICANT, "1985-08-12T00:00:00")
    assert (dossier["NgayNhanHSo1"], dossier["NamcapLandau1"]) == ("20/11/2026", "2001")
    # An empty text is an empty element; what has no value is not sent, nor what the spec does not name.
    assert dossier["LyDoCapDoi1"] == ""
    assert not {"GhiChu1", "TenNLX1"} & set(dossier)
    assert server.files == [("DK1", file.name, "." + file.name[-3:], file.content) for file in FILES]
    assert [b"with papers" in record.request for record in records] == [False, True, True, True]


async def test_an_error_in_the_place_of_a_number_is_no_number() -> None:
    server = Licences()
    server.answers = [server.said("TaoMoiHoSo", "ERR: sai mã đơn vị"), server.said("TaoMoiHoSo", "")]
    async with adapter_of(server) as adapter:
        with pytest.raises(Rejected, match="sai mã đơn vị"):
            await adapter.send(Sending.SUBMIT, handed())
        with pytest.raises(Malformed, match="reference should be") as failure:
            await adapter.send(Sending.SUBMIT, handed())
    assert failure.value.in_doubt


async def test_a_fault_may_say_that_it_is_there_already() -> None:
    server = Licences()
    server.answers = [fault("Hồ sơ đã tồn tại"), fault("Sai cấu trúc")]
    async with adapter_of(server) as adapter:
        done = await adapter.send(Sending.SUBMIT, handed(files=(), reference="DK9"))
        with pytest.raises(Rejected, match="Sai cấu trúc"):
            await adapter.send(Sending.SUBMIT, handed())
    assert (done.reference, done.next) == ("DK9", None)


@pytest.mark.parametrize("typed", ["]]></HoVaTen1><x/>", "&lt;b&gt; &amp;", "{code}", "  hai  dòng\n"])
async def test_what_was_typed_stays_text(typed: str) -> None:
    server = Licences()
    async with adapter_of(server) as adapter:
        await adapter.send(Sending.SUBMIT, handed(applicant_name=typed))
    assert server.dossiers[0]["HoVaTen1"] == typed


async def test_what_xml_cannot_hold_is_not_sent() -> None:
    server = Licences()
    async with adapter_of(server) as adapter:
        with pytest.raises(Rejected) as refusal:
            await adapter.send(Sending.SUBMIT, handed(applicant_name="a\x01"))
    assert not refusal.value.sent and server.dossiers == []
