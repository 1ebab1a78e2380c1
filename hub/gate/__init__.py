"""The gate: one budget and one breaker for each agency, kept by all processes of the hub together."""

from hub.gate.gate import DatabaseGate
from hub.gate.status import GateStatus, statuses

__all__ = ["DatabaseGate", "GateStatus", "statuses"]
