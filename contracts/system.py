"""An agency's system: where it is, how the hub shows who it is, and how much it may be asked."""

from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.spec_model import DocumentName, Expression, SecretName, SpecModel

# --- what may be asked of it ----------------------------------------------------------------------


class Limits(SpecModel):
    """What one call may cost. Seconds and bytes."""

    connect_seconds: float = Field(default=5, gt=0, le=60)
    read_seconds: float = Field(default=20, gt=0, le=300)
    total_seconds: float = Field(
        default=60, gt=0, le=900, description="Of waiting for the agency, over all attempts; our own work is not in it."
    )
    max_bytes: int = Field(default=20_000_000, gt=0, le=2_000_000_000)
    attempts: int = Field(default=3, ge=1, le=6, description="Tries of a call that is safe to repeat.")


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Hours(SpecModel):
    """A span of the day, on some days of the week, by the agency's clock."""

    days: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("`closes` must come after `opens`; give a span over midnight as two")
        return self


class Budget(SpecModel):
    """What all processes of the hub together may ask of the agency's system."""

    concurrency: int = Field(default=4, ge=1, le=100, description="Calls under way at once.")
    per_second: float | None = Field(default=None, gt=0, le=1000, description="Calls begun per second, on average.")
    burst: int = Field(default=10, ge=1, le=1000, description="Calls that may begin at once after a quiet time.")
    per_day: int | None = Field(default=None, ge=1, description="Calls begun from one midnight there to the next.")
    hours: tuple[Hours, ...] = Field(default=(), description="When it may be called; always, where none are given.")


# --- how the hub shows who it is ------------------------------------------------------------------


class Base64Json(SpecModel):
    """A header's value that is JSON in base64, as the LGSP's lgspaccesstoken."""

    base64_json: dict[str, Any] = Field(description="May name {secret:NAME}.")


class Placement(SpecModel):
    """Where credentials go in each request: {secret:NAME} anywhere, {token} after a login."""

    headers: dict[str, str | Base64Json] = Field(default={})
    query: dict[str, str] = Field(default={})
    body: dict[str, str] = Field(default={}, description="Added at the top of a JSON or form body.")


class KeyAuth(Placement):
    """What is the same in every request: an API key, a bearer token, an access code in the body."""

    kind: Literal["key"]

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.headers or self.query or self.body):
            raise ValueError("a key goes in `headers`, `query` or `body`; here it goes nowhere")
        return self


class BasicAuth(SpecModel):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username: str = Field(description="May name {secret:NAME}.")
    password: str = Field(description="May name {secret:NAME}.")


class OAuth2Auth(SpecModel):
    """A token from a token endpoint, as Keycloak's. Renewed before it ends, and when it is refused."""

    kind: Literal["oauth2"]
    token_address: str = Field(description="The whole address of the token endpoint; it may be another host's.")
    grant: Literal["client_credentials", "password"] = "client_credentials"
    client_id: str
    client_secret: str | None = None
    client_in: Literal["body", "basic"] = Field(default="body", description="Where the client's own secret goes.")
    username: str | None = None
    password: str | None = None
    scope: str | None = None
    place: Placement = Placement(headers={"Authorization": "Bearer {token}"})

    @model_validator(mode="after")
    def _who(self) -> Self:
        if self.grant == "password" and not (self.username and self.password):
            raise ValueError("grant `password` needs `username` and `password`")
        if self.grant == "client_credentials" and not self.client_secret:
            raise ValueError("grant `client_credentials` needs `client_secret`")
        return self


class LoginAuth(SpecModel):
    """A call that gives a token or session, which then goes where `place` says. Renewed before it ends, and
    when the agency refuses it: by 401 or 403, or by an answer for which `expired_when` is true."""

    kind: Literal["login"]
    path: str
    json_body: dict[str, Any] | None = Field(default=None, description="May name {secret:NAME}.")
    form_body: dict[str, str] | None = None
    token: Expression = Field(description="JMESPath to the token in the answer.")
    lifetime_seconds: Expression | float | None = Field(
        default=None, description="How long the token lives: JMESPath to it in the answer, or a number."
    )
    error_when: Expression | None = None
    error_message: Expression | None = None
    expired_when: Expression | None = Field(
        default=None, description="JMESPath, over any answer, that is true when the session has ended."
    )
    place: Placement = Placement(headers={"Authorization": "Bearer {token}"})

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.json_body is None) == (self.form_body is None):
            raise ValueError("a login has either a `json_body` or a `form_body`")
        return self


class UsernameToken(SpecModel):
    """WS-Security UsernameToken in the SOAP header."""

    kind: Literal["username_token"]
    username: str = Field(description="May name {secret:NAME}.")
    password: str = Field(description="May name {secret:NAME}.")
    digest: bool = Field(default=False, description="Whether the password goes as a digest with nonce and time.")
    timestamp_seconds: int | None = Field(
        default=None, ge=1, le=3600, description="With a wsu:Timestamp of that life; none by default."
    )


class X509Signature(SpecModel):
    """The SOAP body (and timestamp) signed with a certificate of ours, by WS-Security."""

    kind: Literal["x509"]
    key: SecretName = Field(description="The private key, RSA or EC, in PEM and without a passphrase.")
    certificate: SecretName = Field(description="Its certificate, in PEM.")
    timestamp_seconds: int | None = Field(default=None, ge=1, le=3600)


class Tls(SpecModel):
    """What the agency's certificate is checked against, and ours, where it wants one (mutual TLS)."""

    authority: DocumentName | None = Field(
        default=None, description="PEM of the authority, or of the agency's self-signed certificate, by its document."
    )
    client_key: SecretName | None = Field(default=None, description="Our private key, in PEM.")
    client_certificate: SecretName | None = Field(default=None, description="Its certificate (chain), in PEM.")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.client_key is None) != (self.client_certificate is None):
            raise ValueError("`client_key` and `client_certificate` go together")
        return self


RestAuth = Annotated[KeyAuth | BasicAuth | OAuth2Auth | LoginAuth, Field(discriminator="kind")]
SoapAuth = Annotated[KeyAuth | BasicAuth | UsernameToken | X509Signature, Field(discriminator="kind")]

# --- the systems ----------------------------------------------------------------------------------


class HttpSystem(SpecModel):
    """What every system reached over HTTP has."""

    address: str = Field(description="Scheme, host and port; each operation adds its path.")
    private: bool = Field(
        default=False,
        description="Whether the address may be one of a private network, as on the province's own lines. "
        "Without it, a name that leads to one is not called.",
    )
    tls: Tls | None = None
    limits: Limits = Limits()
    budget: Budget = Budget()


class RestSystem(HttpSystem):
    kind: Literal["rest"]
    auth: RestAuth | None = None


class SoapSystem(HttpSystem):
    """`address` and `path` are where calls go, whatever address the WSDL publishes."""

    kind: Literal["soap"]
    path: str = ""
    wsdl: DocumentName = Field(description="Name of the WSDL in the document store; never an address.")
    version: Literal["1.1", "1.2"] = "1.1"
    port: str | None = Field(default=None, description="The WSDL's port, where it has several of that version.")
    auth: SoapAuth | None = None


class Csv(SpecModel):
    """Records go by the names of their columns: the mapping says "Mã hồ sơ", in quotation marks of its own."""

    kind: Literal["csv"]
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Literal["utf-8", "windows-1258", "utf-16"] = "utf-8"
    header_row: int = Field(
        default=1,
        ge=1,
        le=100,
        description="The line of the column names. Above it nothing is read but the names of columns that have none.",
    )


class Xlsx(SpecModel):
    """Likewise by column. Numbers are as one writes them (12, 0.5), dates `yyyy-MM-dd HH:mm:ss`."""

    kind: Literal["xlsx"]
    sheet: str | None = Field(default=None, description="The first one, where none is named.")
    header_row: int = Field(default=1, ge=1, le=100)


class XmlFile(SpecModel):
    """Records as those of a REST system that answers in XML."""

    kind: Literal["xml"]
    records: Expression = Field(description="JMESPath from the root element's content to the records.")


FileFormat = Annotated[Csv | Xlsx | XmlFile, Field(discriminator="kind")]


class Sftp(SpecModel):
    """A folder on an SFTP server; a password or a key."""

    host: str
    port: int = Field(default=22, ge=1, le=65535)
    host_key: Annotated[str, StringConstraints(pattern=r"^\S+ \S+$")] = Field(
        description="The server's public key, as in known_hosts: ssh-ed25519 AAAA…"
    )
    username: str
    password: SecretName | None = None
    key: SecretName | None = Field(default=None, description="Our private key, as OpenSSH or in PEM.")
    private: bool = Field(default=False, description="Whether the server may be in a private network.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.password is None) == (self.key is None):
            raise ValueError("give either `password` or `key`")
        return self


#: Of one file in one folder: it leads nowhere else.
FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\\x00]+$", max_length=100)]


class FileSystem(SpecModel):
    """Files the agency leaves for the hub, each of them whole: taken once, in one transaction, in the order of
    their names, and moved to `done` when they are in the index."""

    kind: Literal["files"]
    folder: str = Field(
        pattern=r"^/[^\x00]*$", description="Absolute, with slashes; on this machine, or on the SFTP server."
    )
    sftp: Sftp | None = None
    pattern: FileName = Field(description="Which files are taken: *.csv. Capitals do not matter.")
    format: FileFormat
    done: FileName = Field(default="done", description="Where files go that were read, under `folder`.")
    settle_seconds: int = Field(
        default=60, ge=0, le=86_400, description="How long a file must have stayed as it is before it is taken."
    )
    ready_suffix: FileName | None = Field(
        default=None,
        description="A file is taken once another of its name with this at the end stands beside it, "
        "however short it has been there.",
    )
    limits: Limits = Limits()
    budget: Budget = Budget(concurrency=1)

    @model_validator(mode="after")
    def _inside_the_folder(self) -> Self:
        if ".." in self.folder.split("/"):
            raise ValueError("`folder` is given without `..`")
        if self.done in (".", "..", "failed"):
            raise ValueError(f"`done` is the name of a folder in `folder`; {self.done!r} cannot be")
        return self


System = Annotated[RestSystem | SoapSystem | FileSystem, Field(discriminator="kind")]
