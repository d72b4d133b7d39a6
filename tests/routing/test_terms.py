"""What a pack promises: calendar.toml and the targets of categories and bodies, read, checked and looked up."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from routing import Pack, PackError, read_pack
from routing.calendar import Target, Unit
from tests.machine import demo_pack
from tests.routing.tiny_pack import CATEGORIES, Write

CALENDAR = """\
working_days = ["monday", "tuesday"]
hours = { from = "09:00", to = "13:00" }
quiet = { from = "21:00", to = "07:30" }
answer = "1 working day"
close = "6 working hours"
ladder = [{ to = "manager", after = "1 hour" }]
years = [2026]

[[holiday]]
name = "Navidad"
every = "12-25"

[[holiday]]
name = "Carnaval"
date = 2026-02-16

[[law]]
id = "acceso"
name.es = "Ley de acceso"
where.es = "la mesa de entradas"
"""
DAYS: Unit = "working days"
HOURS: Unit = "working hours"


def write_calendar(write: Write, old: str = "", new: str = "") -> Path:
    assert old in CALENDAR
    folder = write()
    (folder / "calendar.toml").write_text(CALENDAR.replace(old, new), "utf-8")
    return folder


def moment(pack: Pack, text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=pack.timetable.calendar.zone).timestamp()


def test_a_pack_without_a_calendar_works_on_weekdays(write: Write) -> None:
    pack = read_pack(write())
    assert pack.timetable.targets("hole", "north") == (Target(3, DAYS), Target(15, DAYS))
    assert [climb.to for climb in pack.timetable.ladder("north")] == ["colleague", "dispatcher", "manager"]
    assert pack.timetable.law("north") is None


def test_the_calendar_is_kept_with_the_pack(write: Write) -> None:
    pack = Pack.from_json(read_pack(write_calendar(write)).to_json())
    times = pack.timetable
    assert times.targets("hole", "north") == (Target(1, DAYS), Target(6, HOURS))
    assert [(climb.to, climb.after) for climb in times.ladder("north")] == [("manager", Target(1, "hours"))]
    assert times.law("north") == times.terms.laws[0]
    assert [times.calendar.works_on(day) for day in (date(2026, 2, 16), date(2026, 2, 17), date(2028, 12, 25))] == [
        False, True, False,
    ]  # fmt: skip


def test_a_category_has_its_groups_targets_unless_it_has_its_own(write: Write) -> None:
    group = CATEGORIES.replace('bodies = ["quarters"]', 'bodies = ["quarters"]\nanswer = "4 hours"\nclose = "9 hours"')
    folder = write("categories.toml", CATEGORIES, group.replace('icon = "🕳️"', 'icon = "🕳️"\nclose = "8 hours"'))
    times = read_pack(folder).timetable
    assert times.targets("hole", "north") == (Target(4, "hours"), Target(8, "hours"))
    assert times.targets("streets-other", "north") == (Target(4, "hours"), Target(9, "hours"))
    assert times.targets("other", "town-hall") == (Target(3, DAYS), Target(15, DAYS))


def test_a_bodys_targets_count_where_the_category_has_none(write: Write) -> None:
    folder = write("bodies.toml", 'id = "north"', 'id = "north"\nanswer = "5 hours"')
    assert read_pack(folder).timetable.targets("hole", "north") == (Target(5, "hours"), Target(15, DAYS))


def test_what_is_urgent_has_short_targets_by_its_category_or_by_an_officials_word(write: Write) -> None:
    times = read_pack(write("categories.toml", 'icon = "🕳️"', 'icon = "🕳️"\nurgent = true')).timetable
    short = (Target(2, "hours"), Target(24, "hours"))
    assert times.targets("hole", "north") == short
    assert times.targets("other", "town-hall", "urgent") == short
    assert times.targets("hole", "north", "low") == (Target(3, DAYS), Target(15, DAYS))
    assert [climb.after for climb in times.ladder("north", urgent=True)] == [Target(2, "hours")] * 3


def test_citizens_are_left_alone_by_night_and_officials_while_they_do_not_work(write: Write) -> None:
    pack = read_pack(write_calendar(write))
    for at, citizen, official in (
        ("2026-03-09T10:00", "2026-03-09T10:00", "2026-03-09T10:00"),
        ("2026-03-09T21:10", "2026-03-10T07:30", "2026-03-10T09:00"),
        ("2026-03-10T07:29", "2026-03-10T07:30", "2026-03-10T09:00"),
        ("2026-03-11T12:00", "2026-03-11T12:00", "2026-03-16T09:00"),
    ):
        times, now = pack.timetable, moment(pack, at)
        assert times.quiet_until(now, official=False) == moment(pack, citizen)
        assert times.quiet_until(now, official=True) == moment(pack, official)


def test_the_demo_knows_what_the_law_fixes_for_ever_and_tells_of_what_is_declared() -> None:
    times = demo_pack().timetable
    for holiday in ("2026-02-17", "2026-04-03", "2026-06-15", "2026-11-23", "2027-03-26", "2027-06-21", "2027-12-25"):
        assert not times.calendar.works_on(date.fromisoformat(holiday))
    for working in ("2026-06-17", "2026-11-20", "2027-06-17", "2027-10-12"):
        assert times.calendar.works_on(date.fromisoformat(working))
    for bridge in ("2026-03-23", "2026-07-10", "2026-12-07"):
        assert not times.calendar.works_on(date.fromisoformat(bridge))
    assert times.years_missed(date(2026, 10, 31)) == []
    assert times.years_missed(date(2026, 11, 21)) == [2027]


FAULTS = [
    ('"tuesday"', '"teusday"', 1, "the working day 'teusday' is no day of the week"),
    ('["monday", "tuesday"]', "[]", 1, "nobody ever works"),
    ('"09:00"', '"nine"', 2, "'hours' has 'nine', which is no time of the day"),
    ('to = "13:00"', 'to = "08:00"', 2, "the working hours end before they begin"),
    ('"07:30"', '"7.30"', 3, "'quiet' has '7.30'"),
    ('"1 working day"', '"a day"', 4, "'answer' of the calendar is no target: 'a day'"),
    ('"manager"', '"mayor"', 6, "the ladder of the calendar leads to 'mayor', which is nobody"),
    ('"manager"', '"body:noth"', 6, "leads to body 'noth', which bodies.toml does not have"),
    ('"1 hour"', '"soon"', 6, "'after' of the ladder of the calendar is no target: 'soon'"),
    ("[2026]", "[2026, 2027]", 7, "the calendar says it knows the year 2027, and has no dated holiday in it"),
    ('"12-25"', '"25-12"', 11, "holiday number 1 is on '25-12', no day of a year"),
    ('every = "12-25"\n', "", 9, "holiday number 1 has not one day"),
    ('"12-25"', '"12-25"\nmoved = "somehow"', 12, "holiday number 1 is moved by 'somehow', which moves no such day"),
    ("date = 2026-02-16", 'easter = -2\nmoved = "nearest-monday"', 16, "holiday number 2 is moved by 'nearest-monday'"),
    ("date = 2026-02-16", "easter = 400", 15, "holiday number 2 is 400 days from Easter"),
    ("date = 2026-02-16", "date = 2026-02-16\neaster = -48", 13, "holiday number 2 has not one day"),
    ("2026-02-16", '"soon"', 15, "'date' of holiday number 2 has the wrong kind of value"),
    ('where.es = "la mesa de entradas"\n', "", 17, "law 'acceso' has no 'where'"),
    ("years =", "yaers =", 7, "the calendar has a key 'yaers' that nobody reads"),
    ("years =", "question = { remind = 9 }\nyears =", 7, "'question' has its second day before its first"),
    ("years =", 'urgent = { close = "now" }\nyears =', 7, "'close' of what is urgent is no target: 'now'"),
]


@pytest.mark.parametrize(("old", "new", "line", "problem"), FAULTS)
def test_a_fault_of_the_calendar_is_told_with_its_line(
    write: Write, old: str, new: str, line: int, problem: str
) -> None:
    with pytest.raises(PackError) as error:
        read_pack(write_calendar(write, old, new))
    told = [(fault.line, fault.problem) for fault in error.value.faults]
    assert any(at == line and problem in said for at, said in told), told
    assert all(fault.file.endswith("calendar.toml") for fault in error.value.faults)


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "problem"),
    [
        ("bodies.toml", 'id = "north"', 'id = "north"\nanswer = "x"', 8, "'answer' of body 'north' is no target: 'x'"),
        (
            "bodies.toml",
            'id = "north"',
            'id = "north"\nlaw = "x"',
            8,
            "names the law 'x', which calendar.toml does not",
        ),
        ("bodies.toml", 'id = "north"', 'id = "north"\nladder = [{ to = "x" }]', 8, "leads to 'x', which is nobody"),
        (
            "categories.toml",
            'id = "hole"',
            'id = "hole"\nclose = "1 day"',
            9,
            "'close' of category 'hole' is no target",
        ),
    ],
)
def test_a_fault_of_a_promise_is_told_where_it_stands(
    write: Write, name: str, old: str, new: str, line: int, problem: str
) -> None:
    with pytest.raises(PackError) as error:
        read_pack(write(name, old, new))
    assert [(fault.line, problem in fault.problem) for fault in error.value.faults] == [(line, True)]
