"""What to look at next, by the kind of failure a trial ended in."""

from contracts.adapter import Secrets
from contracts.agency import AgencySpec
from contracts.errors import (
    AgencyFailure,
    Malformed,
    NotFound,
    Rejected,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
    Withheld,
)
from contracts.system import HttpSystem
from hub.studio.walk import leaves


def advice(failure: AgencyFailure, spec: AgencySpec, operation: str, secrets: Secrets) -> list[str]:
    """Sentences for an admin, the likeliest cause first."""
    system = spec.system if isinstance(spec.system, HttpSystem) else None
    address = system.address if system else "the address"
    match failure:
        case Unreachable():
            private = (
                "`system.private` is true, so private addresses are allowed."
                if system and system.private
                else "If the system is on the province's own lines, give `system.private: true`."
            )
            return [
                f"Is `system.address` right? It is {address}: scheme, host and port, as the agency gave them.",
                private,
                "Can this machine reach it? Try from the machine the hub runs on; ask who keeps the firewall or VPN.",
                "Is the agency's system up? Ask them, and try again later.",
            ]
        case TimedOut():
            return [
                "Is the agency's system slow now? Try once more.",
                "If it is always that slow, raise `system.limits` (read_seconds, total_seconds).",
                "A long list: ask for smaller pages (`pages.size`) or a later --since.",
            ]
        case Unauthorized():
            return [
                *_secrets(spec, operation, secrets),
                "Does the agency expect it elsewhere (header, query, body)? See `system.auth`.",
                "Some agencies let in known machines only: ask whether they know the hub's address.",
            ]
        case Throttled() | Withheld():
            return [
                "Wait and try again.",
                "If it happens in daily work, lower `system.budget` (per_second, concurrency) to what they allow.",
            ]
        case NotFound():
            return [
                "Does the agency know this code? Take one from its own screen, or from `try --changes`.",
                f"If the raw answer does hold the dossier, see `operations.{operation}.answer`: `records`, "
                "`absent_when`.",
            ]
        case Rejected():
            return [
                "The agency's own words are above: they name a parameter, a permission, or its own fault.",
                f"Compare the request as sent with its documents: `operations.{operation}.request`.",
                f"If the answer is good all the same, `operations.{operation}.answer.error_when` is wrong.",
            ]
        case Malformed():
            word = (
                "Is it a status word alone? Then `operations.lookup.answer.records` makes a record of it, as "
                "`{trangThai: @}`, and `operations.lookup.asked_as` puts the code into it."
            )
            return [
                "Look at the raw answer: is it what the agency's documents promise? A web page means a wrong path.",
                f"Is a document inside a string? Then give `operations.{operation}.answer.inside`.",
                f"Where are the records in it? See `operations.{operation}.answer.records`.",
                *([word] if operation == "lookup" else []),
            ]
    return []


def _secrets(spec: AgencySpec, operation: str, secrets: Secrets) -> list[str]:
    """Which secrets the call uses, and where each may be put."""
    used = [getattr(spec.system, "auth", None), getattr(spec.operations, operation)]
    names = dict.fromkeys(name for part in used for leaf in leaves(part) for name in leaf.secrets)
    if not names:
        return ["The spec names no secret; does the agency want a key or a login? Then give `system.auth`."]
    said = []
    for name in names:
        try:
            secrets.get(name)
        except KeyError as error:
            said.append(f"It is not set: {error.args[0]}.")
        else:
            variable = "HUB_SECRET_" + name.upper().replace("-", "_")
            said.append(
                f"Is the secret {name!r} right? It comes from {variable}, or secrets/{name} in the data folder."
            )
    return said
