"""The step that says how often the agency is read, and how much it may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from hub.admin.studio.bench import Bench, Work
from hub.admin.studio.steps import Step
from hub.portal.texts import Text
from hub.specs.editing import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that is given here."""

    name: str
    place: Path
    title: Text
    hint: Text
    #: Of what is shown, how many the spec has: minutes are seconds there.
    times: int = 1
    whole: bool = True


SETTINGS = (
    Setting(
        "every",
        ("sync", "every_seconds"),
        Text("Bao nhiêu phút đọc một lần", "Minutes between readings"),
        Text(
            "Ví dụ 5: dân thấy thay đổi chậm nhất sau năm phút. Ít hơn thì nhanh hơn, nhưng gọi cơ quan nhiều hơn.",
            "Such as 5: people see a change five minutes later at most. Less is quicker, and asks more of the agency.",
        ),
        times=60,
        whole=False,
    ),
    Setting(
        "overlap",
        ("sync", "overlap_seconds"),
        Text("Mỗi lần đọc lùi lại bao nhiêu giây", "Seconds to look back each time"),
        Text(
            "Ví dụ 60: thay đổi được cơ quan ghi muộn dưới một phút không bị sót. Đọc trùng không hại gì.",
            "Such as 60: what the agency writes down up to a minute late is not missed. Reading twice harms nothing.",
        ),
    ),
    Setting(
        "concurrency",
        ("system", "budget", "concurrency"),
        Text("Tối đa bao nhiêu lần gọi cùng lúc", "Calls at once, at most"),
        Text("Ví dụ 4. Máy chủ nhỏ: 1 hoặc 2.", "Such as 4; for a small server 1 or 2."),
    ),
    Setting(
        "per_second",
        ("system", "budget", "per_second"),
        Text("Tối đa bao nhiêu lần gọi mỗi giây", "Calls per second, at most"),
        Text("Để trống: không giới hạn. Ví dụ 2.", "Empty: no limit. Such as 2."),
        whole=False,
    ),
    Setting(
        "per_day",
        ("system", "budget", "per_day"),
        Text("Tối đa bao nhiêu lần gọi mỗi ngày", "Calls per day, at most"),
        Text(
            "Để trống: không giới hạn. Đọc năm phút một lần là khoảng 300 lần một ngày.",
            "Empty: no limit. Reading every five minutes is some 300 a day.",
        ),
    ),
    Setting(
        "seconds",
        ("system", "limits", "total_seconds"),
        Text("Chờ mỗi lần gọi tối đa bao nhiêu giây", "Seconds to wait for a call, at most"),
        Text("Ví dụ 60. Hệ thống chậm thì tăng lên.", "Such as 60; more for a system that is slow."),
        whole=False,
    ),
)


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""

    @bench.step(Step.SCHEDULE)
    async def schedule(work: Work) -> Response:
        settings = [each for each in SETTINGS if _applies(each, work)]
        if not work.ordered:
            shown = {each.name: _shown(each, work) for each in settings}
            return bench.page(work, Step.SCHEDULE, settings=settings, shown=shown, cron=_cron(work))
        fields = work.visitor.fields
        wrong = [each for each in settings if _number(each, fields) is _NONE]
        if wrong:
            shown = {each.name: fields.get(each.name, "") for each in settings}
            title = wrong[0].title.say(bench.desk.lang(work.visitor.request))
            told = [f"{title}: {fields[wrong[0].name]!r}"]
            return bench.page(work, Step.SCHEDULE, 422, settings=settings, shown=shown, cron=_cron(work), wrong=told)
        work = await bench.edit(work, {each.place: _number(each, fields) for each in settings if _other(each, work)})
        if any(each.place.startswith(("sync", "system.budget", "system.limits")) for each in work.wrong):
            return bench.go_on(work, Step.SCHEDULE)
        return bench.go_on(work, Step.SCHEDULE.next)


_NONE = object()


def _cron(work: Work) -> str | None:
    return work.parts.sync.cron if work.parts.sync else None


def _applies(setting: Setting, work: Work) -> bool:
    """What is not read has no schedule, and what has no system no budget."""
    if setting.place[0] == "sync":
        listed = getattr(work.parts.operations, "changes", None) is not None
        return listed and not (setting.name == "every" and _cron(work))
    return isinstance(work.file.document.get("system"), dict) and work.parts.system is not None


def _value(setting: Setting, work: Work) -> Any:
    """As it is at work, by default if nothing is given."""
    value: Any = work.parts
    for step in setting.place:
        value = getattr(value, step, None)
    return value


def _shown(setting: Setting, work: Work) -> str:
    value = _value(setting, work)
    return "" if value is None else f"{value / setting.times:.10g}"


def _number(setting: Setting, fields: Mapping[str, str]) -> Any:
    """What was typed, None for nothing; _NONE for what is no number."""
    told = fields.get(setting.name, "").strip().replace(",", ".")
    if not told:
        return None
    try:
        number = float(told) * setting.times
    except ValueError:
        return _NONE
    if not 0 < number < 10**9 and not (number == 0 and setting.name == "overlap"):
        return _NONE
    if number == int(number):
        return int(number)
    return _NONE if setting.whole or setting.times > 1 else number


def _other(setting: Setting, work: Work) -> bool:
    """Whether something else was typed than was shown."""
    return work.visitor.fields.get(setting.name, "").strip() != _shown(setting, work)
