"""Small WSDLs to test with, and answers to what they ask."""

from pathlib import Path
from typing import Any, Literal

from adapters.calling.client import RawAnswer
from adapters.formats import xml
from adapters.soap.answer import SoapAnswer
from adapters.soap.wsdl import Wsdl

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_BINDINGS = {"1.1": "http://schemas.xmlsoap.org/wsdl/soap/", "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/"}
_ENCODINGS = {"1.1": "http://schemas.xmlsoap.org/soap/encoding/", "1.2": "http://www.w3.org/2003/05/soap-encoding"}

Version = Literal["1.1", "1.2"]


def wsdl_text(
    schema: str,
    asked: str = '<part name="parameters" element="t:Hoi"/>',
    told: str = '<part name="parameters" element="t:HoiResponse"/>',
    *,
    style: str = "document",
    use: str = "literal",
    version: Version = "1.1",
    form: str = "qualified",
    action: str = "urn:hoi",
    messages: str = "",
    header: str = "",
    imports: str = "",
    schemas: str = "",
) -> str:
    """A WSDL with one operation, Hoi, of the namespace urn:t. `schema` is what stands in its one schema."""
    encoding = f' encodingStyle="{_ENCODINGS[version]}"' if use == "encoded" else ""
    body = f'<s:body use="{use}"{encoding}' + (' namespace="urn:t"/>' if style == "rpc" else "/>")
    return f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="{_BINDINGS[version]}" xmlns:t="urn:t"
        xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:e="{_ENCODINGS[version]}" targetNamespace="urn:t"
        xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
      {imports}
      <types>
        {schemas}
        <xs:schema targetNamespace="urn:t" elementFormDefault="{form}">{schema}</xs:schema>
      </types>
      <message name="Asked">{asked}</message><message name="Told">{told}</message>{messages}
      <portType name="P"><operation name="Hoi">
        <input message="t:Asked"/><output message="t:Told"/>
      </operation></portType>
      <binding name="B" type="t:P">
        <s:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
        <operation name="Hoi"><s:operation soapAction="{action}"/>
          <input>{header}{body}</input><output>{body}</output>
        </operation>
      </binding>
      <service name="S"><port name="Port" binding="t:B"><s:address location="http://localhost%3A8080/x"/></port></service>
    </definitions>"""


def element(name: str, *fields: str) -> str:
    """A global element with a sequence of fields."""
    content = f"<xs:complexType><xs:sequence>{''.join(fields)}</xs:sequence></xs:complexType>"
    return f'<xs:element name="{name}">{content}</xs:element>'


def field(name: str, kind: str = "xs:string", more: str = 'minOccurs="0"') -> str:
    return f'<xs:element name="{name}" type="{kind}" {more}/>'


def loaded(folder: Path, text: str, version: Version = "1.1", port: str | None = None) -> Wsdl:
    (folder / "a.wsdl").write_text(text)
    return Wsdl("a.wsdl", version, folder, port)


def sent(wsdl: Wsdl, parameters: dict[str, Any], headers: dict[str, Any] | None = None) -> Any:
    """A request's envelope as a plain value; a second one of the kind must be the same."""
    first = wsdl.envelope("Hoi", parameters, headers)
    assert wsdl.envelope("Hoi", parameters, headers) == first
    return xml.parse(first)[1]


def told(wsdl: Wsdl, content: str | bytes, content_type: str = "text/xml") -> Any:
    """What an answer with `content` in its body becomes; bytes are the whole answer."""
    if isinstance(content, str):
        xsi = "http://www.w3.org/2001/XMLSchema-instance"
        content = (
            f'<e:Envelope xmlns:e="{_ENVELOPE}" xmlns:i="{xsi}"><e:Body>{content}</e:Body></e:Envelope>'
        ).encode()
    return SoapAnswer(wsdl, "Hoi").read(RawAnswer(200, {"content-type": content_type}, content, None))
