"""What systemd and its services say to each other: the socket it holds for us, and that we are ready, or going."""

import os
import socket
from contextlib import suppress

#: The number of the first socket that systemd passes; see sd_listen_fds(3).
_FIRST_PASSED = 3


def inherited_listener() -> socket.socket | None:
    """The listening socket that systemd holds: it takes connections while one process ends and the next begins. None
    where we were started without one."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST_PASSED)


def notify(state: str) -> None:
    """Tell systemd, where it asks to be told: READY=1, STOPPING=1; see sd_notify(3). Whether it hears is its affair."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages:
        # A name that begins with @ is of Linux's abstract namespace.
        messages.connect("\0" + address[1:] if address.startswith("@") else address)
        messages.send(state.encode())
