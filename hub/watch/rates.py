"""How often an agency's dossiers change, and how often people look at them: what is supposed, corrected by what was
seen. Pure; times in seconds."""

from dataclasses import dataclass

from hub.watch.week import Week, hour_of_week

_HOUR, _DAY = 3600.0, 86_400.0

#: Working hours that a dossier stands at a national status, where nothing is known of the agency.
_STANDS = {1: 8.0, 2: 16.0, 4: 60.0, 5: 40.0, 6: 24.0, 9: 16.0}
_STANDS_OTHERWISE = 40.0

#: How much likelier a change is supposed to be, seen from the due date.
_BY_DUE = {"undated": 1.0, "ahead": 0.7, "due": 2.0, "late": 1.5}

#: Looks a day at one dossier, by what its owner waits for.
_LOOKS = {"submitted": 0.5, "asked": 0.3, "due": 0.4, "late": 0.3, "done": 0.3, "waiting": 0.1}
_LOOKS_OTHERWISE = 0.2

#: How many events must be seen to weigh as much as what is supposed.
_DOUBT = 3.0


@dataclass(slots=True)
class Tally:
    """Events, and the seconds over which they could have come."""

    events: float = 0.0
    exposure: float = 0.0


class Rates:
    """One agency's rates. They begin as suppositions; `note_*` teaches them."""

    def __init__(self, seen: dict[str, Tally], offset: float) -> None:
        """`seen`: tallies by context, which `note_*` adds to. `offset` of the agency's zone from UTC."""
        self.seen = seen
        self.offset = offset
        self._known: dict[str, float] = {}
        self._week: Week | None = None

    @property
    def week(self) -> Week:
        if self._week is None:
            hours = {int(name[5:]): tally.events for name, tally in self.seen.items() if name.startswith("hour ")}
            self._week = Week(self.offset, hours)
        return self._week

    def change(self, status: int | None, due: str, age: str) -> float:
        """Changes per second of working time of a dossier at `status`."""
        name = f"change {status} {due} {age}"
        if (known := self._known.get(name)) is None:
            supposed = 1 / (_HOUR * _STANDS.get(status or 0, _STANDS_OTHERWISE))
            at_status = self._corrected(f"change {status}", supposed)
            known = self._known[name] = self._corrected(name, at_status * _BY_DUE[due])
        return known

    def look(self, phase: str) -> float:
        """Looks per second at one dossier in `phase`."""
        name = f"look {phase}"
        if (known := self._known.get(name)) is None:
            known = self._known[name] = self._corrected(name, _LOOKS[phase] / _DAY)
        return known

    @property
    def look_at_any(self) -> float:
        """Looks per second at one dossier, whatever its owner waits for."""
        if (known := self._known.get("look")) is None:
            known = self._known["look"] = self._corrected("look", _LOOKS_OTHERWISE / _DAY)
        return known

    def note_change(self, status: int | None, due: str, age: str, *, worked: float, changed: bool) -> None:
        """A dossier was seen for `worked` seconds of working time, which a change ended or did not."""
        for name in (f"change {status}", f"change {status} {due} {age}"):
            self._note(name, changed, worked)

    def note_hour(self, at: float) -> None:
        """The agency changed a dossier then, as it says itself."""
        self._note(f"hour {hour_of_week(at, self.offset)}", 1, 0.0)
        self._week = None

    def note_looks(self, phase: str, *, looks: int, seconds: float) -> None:
        """Dossiers in `phase` were looked at, over `seconds` all together."""
        self._note("look", looks, seconds)
        self._note(f"look {phase}", looks, seconds)

    def _corrected(self, name: str, supposed: float) -> float:
        """The mean of what the rate may be (a gamma distribution), having seen the tally."""
        seen = self.seen.get(name) or Tally()
        return (_DOUBT + seen.events) / (_DOUBT / supposed + seen.exposure)

    def _note(self, name: str, events: float, exposure: float) -> None:
        tally = self.seen.setdefault(name, Tally())
        tally.events += events
        tally.exposure += exposure
        self._known.clear()
