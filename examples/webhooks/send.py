"""Pushes one event to the hub, signed, and tries again until the hub has it. Python 3.8 or newer, nothing to install.

HUB_URL=https://… HUB_AGENCY=… HUB_SECRET=whsec_… python3 send.py H21.99-261126-0001
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ["HUB_URL"] + "/v1/webhooks/" + os.environ["HUB_AGENCY"]
SECRET = os.environ["HUB_SECRET"]


def sign(secret, event_id, timestamp, body):
    key = base64.b64decode(secret[len("whsec_") :])
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def send(event_id, body):
    """The hub's answer, once it has the event. Raises where no further try can help."""
    wait = 1
    while True:
        pause = wait
        timestamp = int(time.time())  # Of this try: sign each one anew, under the same id.
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(SECRET, event_id, timestamp, body),
        }
        try:
            with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=15) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            why = f"{error.code} {error.read().decode()}"
            if error.code < 500 and error.code not in (408, 429):
                raise SystemExit(f"refused: {why}") from None  # It would be refused again: mend it first.
            pause = max(wait, int(error.headers.get("Retry-After") or 0))  # Seconds, where the hub asks for some.
        except OSError as error:
            why = str(error)
        print(f"not yet ({why}); again in {pause} s", file=sys.stderr)
        time.sleep(pause)
        wait = min(wait * 2, 3600)


now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
event = {
    "type": "dossier.updated",
    "timestamp": now,
    "data": {
        "code": sys.argv[1],
        "occurred_at": now,
        "status": "DANG_XU_LY",
        "applicant": {"name": "Nguyễn Thị Ánh"},
        "note": "Đã chuyển phòng chuyên môn thẩm định",
    },
}
# In earnest: make id and body when the change is saved, keep both with it, and send them from there.
print(send(str(uuid.uuid4()), json.dumps(event, ensure_ascii=False).encode("utf-8")))
