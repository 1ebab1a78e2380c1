"""The worked example is right: by our own verifier, by another's, and in a shell."""

import subprocess
from datetime import UTC, datetime

from standardwebhooks import Webhook

from hub.developers import worked
from hub.intake.signature import verify


def test_the_intake_would_take_it() -> None:
    made = worked.example()
    headers = {
        "webhook-id": made.id,
        "webhook-timestamp": str(made.timestamp),
        "webhook-signature": made.signature,
    }
    now = datetime.fromtimestamp(made.timestamp, UTC)
    assert verify(headers, made.body.encode(), [made.secret], now=now, tolerance_seconds=300).id == made.id


def test_another_s_library_signs_it_likewise() -> None:
    made = worked.example()
    at = datetime.fromtimestamp(made.timestamp, UTC)
    assert Webhook(made.secret).sign(made.id, at, made.body) == made.signature


def test_a_reader_gets_the_same_in_a_shell() -> None:
    made = worked.example()
    done = subprocess.run(["sh", "-c", made.shell], capture_output=True, text=True, check=True)
    assert "v1," + done.stdout == made.signature


def test_its_bytes_are_counted_and_not_its_letters() -> None:
    made = worked.example()
    assert made.body_bytes > len(made.body)
