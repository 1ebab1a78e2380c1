"""Faults: the agency's own words, whoever wrapped them in what."""

from typing import Any

import pytest

from adapters.formats import xml
from adapters.mapping.expressions import compiled
from adapters.soap.faults import cleaned, fault_failure
from contracts.errors import Malformed, NotFound, Rejected, Unauthorized

WORDS = "Khóa truy cập không đúng"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WORDS, WORDS),
        (f"System.Exception: {WORDS}", WORDS),
        (f"System.Web.Services.Protocols.SoapException: Server was unable to process request. ---> {WORDS}", WORDS),
        (
            f"SoapException: A ---> System.Exception: {WORDS}\n   at X.Y(String a) in d:\\Y.cs:line 7\n   --- End --- ",
            WORDS,
        ),
        (f"System.Exception: {WORDS}   at X.Y.Z(String a)   at X.Main()", WORDS),
        (f"System.Exception: {WORDS}\r\n   tại X.Y..ctor(String a)\r\n   tại X.Main()", WORDS),
        (f"System.Data.SqlClient.SqlException (0x80131904): {WORDS}\n   at A.B`1.C[T](D d)", WORDS),
        (f"java.rmi.RemoteException: Lỗi; nested exception is: \n\tjava.sql.SQLException: {WORDS}", WORDS),
        (f"org.x.Y: A; nested exception is java.lang.IllegalStateException: {WORDS}", WORDS),
        (
            "java.lang.RuntimeException: A\n\tat a.b.C.d(C.java:1)\n"
            f"Caused by: java.io.IOException: {WORDS}\n\tat a.B.c(D.java)",
            WORDS,
        ),
        (f"javax.xml.ws.soap.SOAPFaultException: {WORDS}\n\tat a.b.C$D.<init>(C.java:12)\n\t... 34 more", WORDS),
        (f"{WORDS} ---> System.NullReferenceException", WORDS),
        ("System.NullReferenceException: Object reference not set\n   at A.B()", "Object reference not set"),
        ("java.lang.NullPointerException", ""),
        ("  \n", ""),
        # What only looks like that.
        ("Nộp tại Sở (tầng 2) - hẹn lúc 8:00", "Nộp tại Sở (tầng 2) - hẹn lúc 8:00"),
        ("Error at field (ma)", "Error at field (ma)"),
        ("Mã hồ sơ: không có", "Mã hồ sơ: không có"),
    ],
)
def test_a_text_without_classes_and_traces(text: str, words: str) -> None:
    assert cleaned(text) == words


@pytest.mark.parametrize(
    "text",
    [" at " + "a." * 500_000, "a." * 500_000 + "Exceptio", "XError:" * 200_000, " " * 1_000_000, "---> " * 200_000],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    assert len(cleaned(text)) <= 100_000


def fault(inside: str) -> Any:
    return xml.parse(f"<Fault>{inside}</Fault>")[1]


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (f"<faultcode>s:Server</faultcode><faultstring>{WORDS}</faultstring>", WORDS),
        (
            f"<faultcode>s:Server</faultcode><faultstring>{WORDS}</faultstring><detail><message>x</message></detail>",
            WORDS,
        ),
        (f'<faultstring xml:lang="vi">{WORDS}</faultstring>', WORDS),
        (f"<Code><Value>s:Sender</Value></Code><Reason><Text xml:lang='vi'>{WORDS}</Text></Reason>", WORDS),
        (f"<Reason><Text xml:lang='vi'></Text><Text xml:lang='en'>{WORDS}</Text></Reason>", WORDS),
        (f"<faultstring/><detail><a:ThongBao xmlns:a='urn:a'>{WORDS}</a:ThongBao></detail>", WORDS),
        (
            f"<faultstring>Fault</faultstring><detail><E><errorCode>9</errorCode><errMsg>{WORDS}</errMsg></E></detail>",
            WORDS,
        ),
        (
            "<faultstring>Server was unable to process request.</faultstring>"
            "<detail><ExceptionDetail><StackTrace>at A.B()</StackTrace><Type>T</Type>"
            f"<Message>{WORDS}</Message></ExceptionDetail></detail>",
            WORDS,
        ),
        (
            "<Reason><Text>The creator of this fault did not specify a Reason.</Text></Reason>"
            f"<Detail><string>{WORDS}</string></Detail>",
            WORDS,
        ),
        (f"<faultstring>null</faultstring><detail>{WORDS}</detail>", WORDS),
        ("<faultstring>java.lang.NullPointerException</faultstring>", "java.lang.NullPointerException"),
        ("<faultstring>Internal Error</faultstring>", "Internal Error"),
        ("<faultstring/><detail/>", "no, without saying why"),
        ("", "no, without saying why"),
        ("<faultstring><a><b/></a></faultstring>", "no, without saying why"),
        ("<faultstring>" + "x" * 5000 + "</faultstring>", "x" * 300),
    ],
)
def test_what_a_fault_says(inside: str, words: str) -> None:
    failure = fault_failure(fault(inside))
    assert isinstance(failure, Rejected)
    assert failure.message == f"The agency says: {words}"


@pytest.mark.parametrize(
    "code",
    [
        "<faultcode>wsse:FailedAuthentication</faultcode>",
        "<faultcode> wsse:InvalidSecurity </faultcode>",
        "<faultcode>soap:Client.Authentication</faultcode>",
        "<Code><Value>s:Sender</Value><Subcode><Value>wsse:InvalidSecurityToken</Value></Subcode></Code>",
        "<Code><Value>s:Sender</Value><Subcode><Value>x:A</Value><Subcode><Value>wsse:FailedCheck</Value></Subcode></Subcode></Code>",
    ],
)
def test_a_fault_about_our_credentials(code: str) -> None:
    failure = fault_failure(fault(f"{code}<faultstring>{WORDS}</faultstring>"))
    assert isinstance(failure, Unauthorized)
    assert failure.message == f"The agency refuses our credentials: {WORDS}"


MISSING = "<faultcode>a:Client.NotFound</faultcode><faultstring>x</faultstring><detail><ma>404</ma></detail>"


@pytest.mark.parametrize("expression", ["contains(codes, 'Client.NotFound')", "detail.ma == '404'", "words == 'x'"])
def test_a_fault_that_says_there_is_none(expression: str) -> None:
    assert isinstance(fault_failure(fault(MISSING), compiled(expression)), NotFound)
    other = MISSING.replace("404", "500").replace("NotFound", "Other").replace(">x<", ">y<")
    assert isinstance(fault_failure(fault(other), compiled(expression)), Rejected)


def test_an_expression_that_a_fault_does_not_fit() -> None:
    assert isinstance(fault_failure(fault(MISSING), compiled("abs(words)")), Malformed)
