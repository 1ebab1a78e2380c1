"""`python -m tests.chaos.skewed SECONDS COMMAND`: the hub on a machine whose clock SIGUSR1 sets that far ahead while
it runs, and SIGUSR2 sets right again.

Only Python's clock of the day is: the timers of the event loop, and the database's clock, go on as they do.
"""

import runpy
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv.pop(1)))
    travels: list[Any] = []

    def jump(*_: object) -> None:
        travels.append(time_machine.travel(datetime.now(UTC) + ahead, tick=True))
        travels[-1].start()

    def put_right(*_: object) -> None:
        while travels:
            travels.pop().stop()

    signal.signal(signal.SIGUSR1, jump)
    signal.signal(signal.SIGUSR2, put_right)
    runpy.run_module("hub", run_name="__main__")
