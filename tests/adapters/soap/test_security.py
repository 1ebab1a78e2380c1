"""How requests show who we are, and that none of it stays in a call's record."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from adapters import Client, build_adapter
from adapters.formats import xml
from contracts.errors import Unauthorized
from tests.adapters.calls import Records
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import DOCUMENTS, spec_of

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
ANSWER = Told(
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><R><TraCuuHoSoResult>'
    "<MaHoSo>H21</MaHoSo><TrangThai>Đang xử lý</TrangThai><NgayCapNhat>20/11/2026 08:00:00</NgayCapNhat>"
    "</TraCuuHoSoResult></R></s:Body></s:Envelope>",
    content_type="text/xml",
)


class Kept:
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {"so-tnmt-khoa": "k", **secrets}

    def get(self, name: str) -> str:
        if name not in self._secrets:
            raise KeyError(f"there is no secret {name!r}")
        return self._secrets[name]


async def asked_with(auth: dict[str, Any], secrets: Mapping[str, str], times: int = 1) -> tuple[list[Asked], str]:
    """Look-ups with `auth`, as they came over the wire; and all that was recorded of them."""
    asked: list[Asked] = []
    records = Records()

    def answer(request: Asked) -> Told:
        asked.append(request)
        return ANSWER

    async with answering(answer) as address, Client(records) as client:
        spec = spec_of("so-tnmt", address=address)
        data = spec.model_dump(mode="json")
        data["system"]["auth"] = auth
        adapter = build_adapter(
            type(spec).model_validate(data),
            client=client,
            secrets=Kept(secrets),
            documents=DOCUMENTS,
        )
        for _ in range(times):
            await adapter.lookup("H21")
    return asked, "\n".join(f"{record.address} {record.request!r} {record.message}" for record in records)


async def test_a_key_in_headers_and_query() -> None:
    auth = {
        "kind": "key",
        "headers": {"X-Key": "{secret:khoa}", "lgsp": {"base64_json": {"AccessKey": "{secret:khoa}"}}},
        "query": {"key": "{secret:khoa}"},
    }
    [asked], record = await asked_with(auth, {"khoa": "se<cr&et"})
    assert asked.query == {"key": "se<cr&et"}
    assert base64.b64decode(asked.headers["lgsp"]) == b'{"AccessKey":"se<cr&et"}'
    assert "se<cr&et" not in record and asked.headers["lgsp"] not in record


async def test_a_key_in_the_body_is_one_of_the_parameters() -> None:
    with pytest.raises(ValueError, match="name it among each operation's `parameters`"):
        await asked_with({"kind": "key", "body": {"khoa": "{secret:khoa}"}}, {"khoa": "k"})


async def test_basic() -> None:
    auth = {"kind": "basic", "username": "hub", "password": "{secret:mat-khau}"}
    [asked], _ = await asked_with(auth, {"mat-khau": "mật:khẩu"})
    assert asked.headers["authorization"] == "Basic " + base64.b64encode("hub:mật:khẩu".encode()).decode()


def header(asked: Asked) -> Any:
    return xml.parse(asked.body)[1]["Header"]["Security"]


@pytest.mark.parametrize("seconds", [None, 300])
async def test_a_username_token_with_its_password_as_text(seconds: int | None) -> None:
    auth: dict[str, Any] = {"kind": "username_token", "username": "{secret:ten}", "password": "{secret:mat-khau}"}
    auth["timestamp_seconds"] = seconds
    [asked], record = await asked_with(auth, {"ten": "tên", "mat-khau": "mật<&khẩu"})
    security = header(asked)
    assert security["UsernameToken"]["Username"] == "tên"
    assert security["UsernameToken"]["Password"]["#text"] == "mật<&khẩu"
    assert security["UsernameToken"]["Password"]["@Type"].endswith("#PasswordText")
    assert "mật" not in record and "tên" not in record
    if seconds is None:
        assert "Timestamp" not in security
    else:
        created, expires = (datetime.fromisoformat(security["Timestamp"][name]) for name in ("Created", "Expires"))
        assert expires - created == timedelta(seconds=300)
        assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)


async def test_a_username_token_with_a_digest_is_never_the_same() -> None:
    auth = {"kind": "username_token", "username": "hub", "password": "{secret:mat-khau}", "digest": True}
    requests, record = await asked_with(auth, {"mat-khau": "mật khẩu"}, times=2)
    nonces = set()
    for asked in requests:
        token = header(asked)["UsernameToken"]
        nonce = base64.b64decode(token["Nonce"]["#text"])
        nonces.add(nonce)
        digest = hashlib.sha1(nonce + token["Created"].encode() + "mật khẩu".encode()).digest()
        assert token["Password"]["#text"] == base64.b64encode(digest).decode()
        assert token["Password"]["@Type"].endswith("#PasswordDigest")
        assert token["Password"]["#text"] not in record
    assert len(nonces) == 2


Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certified(key: Key) -> tuple[str, str]:
    """The key and a certificate of its own, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def verified(body: bytes) -> set[str]:
    """The names of the elements that are signed. Raises xmlsec.Error where the signature is not right."""
    envelope = etree.fromstring(body)
    token = envelope.find(f".//{{{WSSE}}}BinarySecurityToken")
    signature = envelope.find(".//{http://www.w3.org/2000/09/xmldsig#}Signature")
    reference = envelope.find(f".//{{{WSSE}}}SecurityTokenReference/{{{WSSE}}}Reference")
    assert token is not None and signature is not None and reference is not None
    assert reference.get("URI") == "#" + str(token.get(f"{{{WSU}}}Id"))
    context = xmlsec.SignatureContext()
    der = base64.b64decode(token.text or "")
    context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer)
    named = {}
    for each in envelope.iterfind(f".//*[@{{{WSU}}}Id]"):
        context.register_id(each, "Id", WSU)
        named["#" + str(each.get(f"{{{WSU}}}Id"))] = etree.QName(each).localname
    context.verify(signature)
    return {named[str(each.get("URI"))] for each in signature.iter("{http://www.w3.org/2000/09/xmldsig#}Reference")}


@pytest.mark.parametrize("made", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())])
@pytest.mark.parametrize(("seconds", "signed"), [(None, {"Body"}), (300, {"Body", "Timestamp"})])
async def test_a_signature_is_right(made: Key, seconds: int | None, signed: set[str]) -> None:
    key, certificate = certified(made)
    auth = {"kind": "x509", "key": "khoa", "certificate": "chung-thu", "timestamp_seconds": seconds}
    requests, record = await asked_with(auth, {"khoa": key, "chung-thu": certificate}, times=2)
    for asked in requests:
        assert verified(asked.body) == signed
        assert next(iter(header(asked))) == "BinarySecurityToken"
        with pytest.raises(xmlsec.Error):
            verified(asked.body.replace(b">H21<", b">H22<"))
    assert (
        base64.b64encode(x509.load_pem_x509_certificate(certificate.encode()).tbs_certificate_bytes[:30]).decode()
        not in record
    )


@pytest.mark.parametrize(
    ("auth", "secrets", "why"),
    [
        ({"kind": "x509", "key": "khoa", "certificate": "ct"}, {"khoa": "no key", "ct": "none"}, "must be PEM"),
        ({"kind": "x509", "key": "khoa", "certificate": "ct"}, {}, "no secret 'khoa'"),
        ({"kind": "username_token", "username": "u", "password": "{secret:mk}"}, {}, "no secret 'mk'"),
        ({"kind": "username_token", "username": "u", "password": "{secret:mk}"}, {"mk": "a\x00b"}, "XML cannot hold"),
        ({"kind": "basic", "username": "u", "password": "{secret:mk}"}, {}, "no secret 'mk'"),
    ],
)
async def test_secrets_that_cannot_be_used(auth: dict[str, Any], secrets: dict[str, str], why: str) -> None:
    with pytest.raises(Unauthorized, match=why):
        await asked_with(auth, secrets)
