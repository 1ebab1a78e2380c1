"""What the specs have proved in use: counted in the database, for all agencies in a few queries."""

from collections import defaultdict
from dataclasses import dataclass

import asyncpg

_CALLS = """
    SELECT agency, count(*) AS calls, count(*) FILTER (WHERE outcome IN ('ok', 'not_found', 'rejected')) AS good
      FROM call
     WHERE started_at > now() - interval '1 day' AND outcome <> 'withheld'
     GROUP BY agency
"""
_RUNS = """
    SELECT agency, count(*) AS month_runs, count(*) FILTER (WHERE outcome = 'ok') AS month_good,
           coalesce(sum(received) FILTER (WHERE recent), 0)::bigint AS received,
           coalesce(sum(quarantined) FILTER (WHERE recent), 0)::bigint AS quarantined,
           count(DISTINCT started_at::date) FILTER (WHERE recent AND outcome = 'ok') AS days
      FROM (SELECT *, started_at > now() - interval '7 days' AS recent FROM run
             WHERE started_at > now() - interval '30 days' AND kind = 'pull'
               AND outcome NOT IN ('running', 'gave_way', 'lost', 'fenced', 'withheld')) AS r
     GROUP BY agency
"""
_UNKNOWN = """
    SELECT agency, count(DISTINCT value) AS unknown_words
      FROM quarantine
     WHERE resolved_at IS NULL AND reason = 'unknown_status'
     GROUP BY agency
"""
_DELIVERIES = """
    SELECT agency, count(*) FILTER (WHERE state IN ('applied', 'superseded')) AS deliveries
      FROM inbox
     WHERE received_at > now() - interval '7 days'
     GROUP BY agency
"""
_REFUSED = """
    SELECT agency, sum(count)::bigint AS refused
      FROM refusal
     WHERE day > now() - interval '7 days'
     GROUP BY agency
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one agency. All zero where it was never heard of."""

    #: Calls of the last day, and those that the agency answered as it should.
    calls: int = 0
    good: int = 0
    #: Syncs of the last 30 days that came to an end, and those of them that went well.
    month_runs: int = 0
    month_good: int = 0
    #: Records of the last 7 days, things in them that were not understood, and days with a good sync.
    received: int = 0
    quarantined: int = 0
    days: int = 0
    #: Status words that nobody has mapped yet.
    unknown_words: int = 0
    #: Webhooks of the last 7 days: understood, and refused.
    deliveries: int = 0
    refused: int = 0


async def gather(connection: asyncpg.Connection) -> dict[str, Evidence]:
    """By agency; those that nothing is known of are missing."""
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for query in (_CALLS, _RUNS, _UNKNOWN, _DELIVERIES, _REFUSED):
        for row in await connection.fetch(query):
            found = dict(row)
            counted[found.pop("agency")] |= found
    return {agency: Evidence(**counts) for agency, counts in counted.items()}
