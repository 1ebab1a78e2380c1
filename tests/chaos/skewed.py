"""`python -m tests.chaos.skewed SECONDS COMMAND`: the hub on a machine whose clock is so far ahead.

Only Python's clocks are; the timers of the event loop, and the database's clock, go on as they do.
"""

import sys
from datetime import UTC, datetime, timedelta

import time_machine

from hub.cli import app

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv.pop(1)))
    time_machine.travel(datetime.now(UTC) + ahead, tick=True).start()
    app()
