"""How an agency pushes: by what its deliveries are proved to be its own, and where in a body its events are."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, IPvAnyNetwork, StringConstraints, model_validator

from contracts.mapping import RecordMapping
from contracts.spec_model import Expression, SecretName, SpecModel

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
#: SHA-256 of a certificate in DER, in hexadecimal digits.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class StandardWebhooks(SpecModel):
    """Signatures over id, time and body, as standardwebhooks.com has it. Secrets: `whsec_…`, or `whpk_…` for v1a."""

    kind: Literal["standard"] = "standard"

    @property
    def weakness(self) -> str | None:
        return None


class BodyHmac(SpecModel):
    """An HMAC over the raw body in a header of the agency's choice. Secrets: the key as text."""

    kind: Literal["hmac"]
    header: HeaderName = Field(examples=["X-Hub-Signature-256"])
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field(default="", max_length=40, description="What stands before the digits, as `sha256=`.")

    @property
    def weakness(self) -> str | None:
        return "no time is signed: a delivery that somebody has caught can be sent again, and is then a duplicate"


class StaticToken(SpecModel):
    """A secret that is sent along as it is, from known addresses alone. Secrets: the token."""

    kind: Literal["token"]
    header: HeaderName | None = Field(default=None, examples=["Authorization"])
    field: Expression | None = Field(default=None, description="Where it stands in the body instead: `SecurityCode`.")
    prefix: str = Field(default="", max_length=40, description="What stands before it, as `Bearer `.")
    addresses: tuple[IPvAnyNetwork, ...] = Field(min_length=1, description="From where alone it is taken.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.field is None):
            raise ValueError("give one of `header` and `field`: where the token stands")
        return self

    @property
    def weakness(self) -> str | None:
        return "nothing is signed: whoever sees the token, and can send from these addresses, can say anything"


class MutualTls(SpecModel):
    """The certificate by which the agency's machine shows itself to the proxy in front of the hub. No secrets."""

    kind: Literal["mutual_tls"]
    fingerprints: tuple[Fingerprint, ...] = Field(
        min_length=1,
        description="SHA-256 of the certificates, as `openssl x509 -noout -fingerprint -sha256` shows it, without "
        "colons, in small letters. Several, so that one can be replaced without a gap.",
    )

    @property
    def weakness(self) -> str | None:
        return "the line is proved and not what comes over it: keep the deliveries if anybody may ever ask who said it"


Proof: TypeAlias = Annotated[StandardWebhooks | BodyHmac | StaticToken | MutualTls, Field(discriminator="kind")]


class EventShape(SpecModel):
    """Where the events are in a body of the agency's own shape."""

    format: Literal["json", "xml", "form"] = "json"
    each: Expression | None = Field(
        default=None, description="JMESPath to the list of events in the body; without it, the body is one."
    )
    id: Expression | None = Field(
        default=None,
        description="JMESPath in an event to what names it for ever. Without it, and without the header webhook-id, "
        "what an event says is its name: the same said twice is one event.",
    )
    type: Expression | None = Field(default=None, description="JMESPath in an event to its type; without: all alike.")
    types: tuple[str, ...] = Field(default=(), description="The types that tell of a dossier; others are ignored.")
    data: Expression = Field(default="@", description="JMESPath in an event to the record that `mapping` reads.")

    @model_validator(mode="after")
    def _types_of_a_type(self) -> Self:
        if bool(self.types) != (self.type is not None):
            raise ValueError("`type` says where the type stands and `types` which tell of a dossier: give both or none")
        return self


class Webhook(SpecModel):
    """How the agency pushes. Several secrets are all accepted, so that one can be replaced without a gap."""

    secrets: tuple[SecretName, ...] = ()
    proof: Proof = StandardWebhooks()
    tolerance_seconds: int = Field(
        default=300,
        ge=60,
        le=3600,
        description="How old a delivery's timestamp may be, where it is signed; more for bad clocks.",
    )
    events: EventShape | None = Field(
        default=None, description="For bodies in the agency's own shape; else the hub's envelope, or CloudEvents."
    )
    mapping: RecordMapping | None = Field(
        default=None, description="For records in the agency's own shape; else contracts.webhook.EventData."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if isinstance(self.proof, MutualTls) == bool(self.secrets):
            raise ValueError(
                "`mutual_tls` takes no `secrets`: the fingerprints say who it is"
                if self.secrets
                else "give at least one of `secrets`: the names under which the keys are kept"
            )
        if self.events and not self.mapping:
            raise ValueError("`events` of the agency's own shape need a `mapping` for their records")
        return self
