"""Where the hub runs and with what: read once from the environment (HUB_…)."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.observation import AgencyId

HERE = Path(__file__).parent


def default_data_dir() -> Path:
    """The user's data folder; for root one under /var/lib, because the embedded PostgreSQL then runs as a
    user of its own and must be able to pass through every folder above its data."""
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/var/lib/gialai-hub")
    return Path(platformdirs.user_data_dir("gialai-hub"))


class Settings(BaseSettings):
    """Each field is an environment variable: `port` is HUB_PORT."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", description="The address to listen on; 0.0.0.0 is every one.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on, where systemd holds none.")
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Keys, secrets and, where there is one, the embedded PostgreSQL."
    )
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://…; without it the hub starts a PostgreSQL of its own."
    )
    owner_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… of the role that owns the tables, for migrations, backups and restores; without it "
        "the one of database_url does all of it.",
    )
    agencies_dir: Path = Field(default=HERE / "agencies", description="The agencies' files, <id>.yaml.")
    documents_dir: Path = Field(default=HERE / "documents", description="Stored WSDLs and schemas.")
    agency_addresses: dict[AgencyId, str] = Field(
        default={}, description='Where agencies really are, as JSON: {"so-tnmt": "https://…"}.'
    )
    seal_keys: SecretStr | None = Field(
        default=None, description="Fernet keys, newest first, comma between; else a file in data_dir."
    )
    digest_key: SecretStr | None = Field(
        default=None, description="Secret behind the index's digests, never changed; else a file in data_dir."
    )
    worker_lease_seconds: int = Field(
        default=30, ge=2, le=600, description="How long a dead worker's job stays its own."
    )
    archive_years: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="So many years after a dossier was finished, its history is packed; without this none is.",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(IPv4Network("127.0.0.1"), IPv6Network("::1")),
        description="Whose X-Forwarded-For and X-Forwarded-Proto are believed, as JSON: the province's own proxies.",
    )
    client_certificates: bool = Field(
        default=False,
        description="True where the trusted proxies tell of client certificates, in X-Client-Certificate-SHA256, and "
        "take away what others say there.",
    )
    unlimited_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="From where look-ups are not counted, as JSON: counters and kiosks that share one address.",
    )
    endpoint_networks: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="In which private networks subscribers' endpoints may be, as JSON: the province's own. With any, "
        "endpoints may be http.",
    )
    smtp_host: str | None = Field(default=None, description="The mail server; without one no mail is sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the way to it is secured; none only on this machine."
    )
    smtp_username: str | None = Field(
        default=None, description="As whom we sign in there; the password is the secret smtp-password."
    )
    mail_from: str = Field(default="hub@localhost", description="The sender's address of what the hub mails.")
    oidc_issuer: str | None = Field(
        default=None,
        description="The identity provider by which people may sign in, as it calls itself: https://…; without one all "
        "have passwords.",
    )
    oidc_client_id: str | None = Field(
        default=None, description="As what it knows the hub; the secret for that is the secret oidc-client-secret."
    )
    oidc_name: str | None = Field(
        default=None, description="What people call it, for the button; without this its host's name."
    )
    oidc_acr: tuple[str, ...] = Field(
        default=(),
        description="The values of acr by which it says that there were two factors, as JSON; mfa in amr always does.",
    )
    oidc_private: bool = Field(
        default=False, description="True where it is in a private network; it may then be http, for trials."
    )
    oidc_authority: Path | None = Field(
        default=None,
        description="PEM of the authority that signs its certificate, or of that itself, where no public one does.",
    )
    sandbox: bool = Field(
        default=False,
        description="True where developers may make test agencies at /developers/sandbox; what these push is kept "
        "apart, in a schema of its own.",
    )
    sandbox_dir: Path = Field(default=HERE / "sandbox", description="Where the test agencies' pattern is.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Where a clock or worker shows its own metrics, for it has no API."
    )
    leave_seconds: float = Field(
        default=0,
        ge=0,
        le=300,
        description="How long to go on answering after SIGTERM, while /readyz says no: for a proxy that asks it.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="What is less than that is not logged."
    )
    log_format: Literal["json", "console"] = Field(default="json", description="console is for people.")
