"""What a line of history is: its digest is for ever."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.fernet import Fernet

from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus
from hub.index.merge import entry_from
from hub.vault import Vault

VIETNAM = timezone(timedelta(hours=7))


@pytest.mark.parametrize(
    ("said", "digest"),
    [
        ({}, "d53fa6f041f7c1d25d58c798c94700b3c9ed5f9b338f8c94386f2975be7c26c3"),
        (
            {"occurred_at": None, "revision": 7},
            "f0ff6aaeea15dbcd554e2e22dc0baee2477135c8f0f32392704b9731c0995381",
        ),
        ({"occurred_at": None}, "d934b833ff59b5c713b2012aa0ca717b749513da60b67c3d000660e7f38bc800"),
    ],
    ids=["by time", "numbered", "untimed"],
)
def test_a_digest_never_changes(said: dict[str, Any], digest: str) -> None:
    """Else every line known would be written a second time. These were computed by the hub's first version."""
    observation = Observation(
        agency="ubnd-pleiku",
        code=" h21.20–261123-0001",
        occurred_at=datetime(2026, 11, 23, 8, 0, 0, 5, tzinfo=VIETNAM),
        facts=Facts(
            status=DossierStatus.RECEIVED,
            status_raw="Đã tiếp nhận",
            due_at=datetime(2026, 12, 1, 17, tzinfo=VIETNAM),
            applicant_name="Nguyễn Văn Đức",
        ),
        observed_at=datetime(2026, 11, 23, 2, tzinfo=UTC),
        channel=Channel.PULL,
    ).model_copy(update=said)
    vault = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="0" * 64)
    assert entry_from(observation, vault).digest.hex() == digest
