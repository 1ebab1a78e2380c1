"""A process of its own that calls an agency through the gate, and writes down when: `python -m` with a Plan."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from contracts.adapter import Priority
from contracts.errors import Withheld
from contracts.system import Budget
from hub.db import Database
from hub.gate import DatabaseGate

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

#: By the database's clock; `ended` stays null where the process was killed in the call.
LOG = """
    CREATE TABLE called (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, priority int NOT NULL,
        began timestamptz NOT NULL DEFAULT clock_timestamp(), ended timestamptz
    )
"""


@dataclass(frozen=True)
class Plan:
    database_url: str
    budget: dict[str, Any]
    agency: str = "so-tnmt"
    #: Callers at once, and how often each tries before the process ends.
    callers: int = 1
    tries: int = 1
    call_seconds: float = 0
    wait_seconds: float = 60
    priority: int = Priority.INCREMENTAL

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.hub.gate.caller", json.dumps(asdict(self))]


async def carry_out(plan: Plan) -> None:
    database = await Database.open(plan.database_url)
    budget = Budget.model_validate(plan.budget)

    async def caller() -> None:
        for _ in range(plan.tries):
            with suppress(Withheld):
                async with gate.turn(
                    plan.agency, budget, ZONE, Priority(plan.priority), wait_seconds=plan.wait_seconds
                ) as turn:
                    row = await database.reads.fetchval(
                        "INSERT INTO called (priority) VALUES ($1) RETURNING id", plan.priority
                    )
                    print("called", flush=True)
                    await asyncio.sleep(plan.call_seconds)
                    await database.reads.execute("UPDATE called SET ended = clock_timestamp() WHERE id = $1", row)
                    turn.succeeded()

    async with DatabaseGate(database) as gate, asyncio.TaskGroup() as tasks:
        for _ in range(plan.callers):
            tasks.create_task(caller())
    await database.close()


if __name__ == "__main__":
    asyncio.run(carry_out(Plan(**json.loads(sys.argv[1]))))
