"""The figures as people meet them: chat, picture, table, spreadsheet, metrics and the week's summary say the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from csv import DictReader
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.drawings import Drawings
from bot.figure_table import lines_of, rows_of
from bot.numbering import FRESH, Numbering, Today, plot_of
from bot.plot import HEIGHT, WIDTH, Plot, draw
from storage.database import Database
from storage.indicators import Report, measure, weekly
from storage.media import MediaStore
from storage.periods import Period, first_day, full_week, last_days
from storage.schema import media, official
from tests.handset import Phone
from tests.machine import NOON, Machine, demo_pack, texts
from tests.made_city import Case, Entry, recount, reported, write_city
from tests.scripted_rooms import make_house
from tests.whole import Whole
from web.metrics import Metrics

HOUR, DAY = 3600.0, 86400.0
ZONE = demo_pack().info.timezone
WEEK = last_days(7, NOON, ZONE)


def ago(days: float, actor: str = "official", status: str = "", **more: Any) -> Entry:
    return Entry(NOON - days * DAY, actor, status, **more)


def made(code: str, *entries: Entry, **more: Any) -> Case:
    return Case(code, entries, **{"body": "comuna-14", "area": "comuna-14", **more})


CITY = (
    made("FIXED01", reported(NOON - 5 * DAY), ago(4.5), ago(2, status="resolved"), close_by=NOON - DAY),
    made(
        "FIXED02",
        reported(NOON - 40 * DAY),
        ago(39),
        ago(6, status="resolved"),
        ago(5, "citizen", "reopened"),
        ago(1, status="resolved"),
        ago(0.5, "citizen", "confirmed"),
        ago(0.5, "citizen", action="rated", public=False),
        rating=4,
        close_by=NOON - 20 * DAY,
        verdicts=((NOON - 0.5 * DAY, "yes"), (NOON - 0.4 * DAY, "no")),
    ),
    made("DECLINE", reported(NOON - 3 * DAY), ago(2.9, status="declined"), category="luminaria"),
    made("TWIN001", reported(NOON - 3 * DAY), ago(2.8, status="duplicate")),
    made("HERS001", reported(NOON - 2 * DAY), ago(1.8, "citizen", "withdrawn")),
    made("NEW0001", reported(NOON - 0.2 * DAY), joined=(NOON - 0.1 * DAY, NOON - 0.05 * DAY)),
    made(
        "SILENT1", reported(NOON - 12 * DAY), answer_by=NOON - 10 * DAY, close_by=NOON - 8 * DAY, category="luminaria"
    ),
    made("OLD0001", reported(NOON - 100 * DAY), ago(60), close_by=NOON - 50 * DAY),
    made(
        "PASSED1",
        reported(NOON - 4 * DAY),
        ago(3, status="not_responsible", body="comuna-14"),
        ago(3, "system", "received", body="comuna-1"),
        body="comuna-1",
        area="comuna-1",
    ),
    made("TEST001", reported(NOON - DAY), held=True),
)
OURS = [case for case in CITY if case.body == "comuna-14"]


@asynccontextmanager
async def city(url: str) -> AsyncIterator[tuple[Machine, Phone]]:
    """Yield the made city at noon, and the phone of an official of Comuna 14."""
    machine = Machine(url)
    machine.answers["numbers"] = lambda request: Numbering(
        machine.database, Drawings(machine.database, STORE), lambda: machine.pack, lambda: machine.now
    ).report(request)
    machine.services = machine.services | {"numbers"}
    async with machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, "comuna-14")
        async with machine.database.write() as connection:
            # The first persons are those of the phones.
            await write_city(connection, CITY, first_person=1000)
        yield machine, luis


STORE = MediaStore.open("memory://")


async def test_chat_picture_spreadsheet_metrics_and_recount_say_the_same(database_url: str) -> None:
    expected = recount(OURS, WEEK.start, WEEK.end, NOON)
    async with city(database_url) as (machine, luis):
        said = await luis.says("/números")
        chat = said[-1].text
        async with machine.database.read() as connection:
            by_body = await measure(connection, WEEK, NOON, by="body")
            picture = (await connection.execute(select(media).where(media.c.id == said[-1].media[0]))).one()
        today = await Today(machine.database, lambda: machine.pack, lambda: NOON).read()
        asked = {"bodies": ["comuna-14"], "days": 7}
        numbering = Numbering(machine.database, Drawings(machine.database, STORE), lambda: machine.pack, lambda: NOON)
        report = msgspec.convert(await numbering.report(asked), Report)
    ages = expected["ages"]
    # What was passed on is counted with the giver, and told by the other's ticket.
    assert (
        f"Recibidos: {expected['received']} · cerrados: {expected['closed']} (resueltos: {expected['resolved']})"
        in chat
    )
    assert f"Reabiertos: {expected['reopened']} · pasados a otro: 1 · duplicados: {expected['duplicates']}" in chat
    assert (
        f"retirados: {expected['withdrawn']}\nSe sumaron: {expected['joined']} · opinión: 4,0 de 5 (sobre 1*)" in chat
    )
    assert "lo ven arreglado: 1 de 2* (50 %)" in chat
    assert f"Abiertos: {expected['backlog']}; de menos de 7 días {ages[0]}, de 7 a 29 {ages[1]}" in chat
    assert f"Vencidos: {expected['overdue']} · sin respuesta: {expected['unanswered']}" in chat
    on_time = [f"{part} de {n}" for part, n in (expected["answered_on_time"], expected["closed_on_time"])]
    assert re.search(rf"respuestas {on_time[0]}\*? \(\d+ %\), cierres {on_time[1]}\*? \(\d+ %\)", chat)
    # The picture: its words stand in the text, and it is one.
    plot = plot_of(report, "Comuna 14", "es", ZONE)
    assert " · ".join(f"{label} {received}-{closed}" for label, received, closed in plot.weeks) in chat
    assert plot.weeks[-1][1:] == (expected["received"], expected["closed"])
    assert tuple(count for _, count in plot.ages) == ages
    assert Image.open(BytesIO(await STORE.get(picture.key))).size == (picture.width, picture.height) == (WIDTH, HEIGHT)
    # The spreadsheet's row of this body.
    row = next(row for row in rows_of(by_body, ZONE, str) if row["group"] == "comuna-14")
    for name in ("received", "closed", "resolved", "backlog", "overdue", "unanswered", "reopened", "joined"):
        assert row[name] == str(expected[name]), name
    assert (row["first_response_n"], row["time_to_close_n"]) == (
        str(expected["first_response"][0]),
        str(expected["time_to_close"][0]),
    )
    assert row["first_response_median_hours"] == f"{expected['first_response'][1] / HOUR:.2f}"
    assert row["time_to_close_p90_hours"] == f"{expected['time_to_close'][2] / HOUR:.2f}"
    assert (row["closed_on_time"], row["closed_on_time_n"]) == tuple(map(str, expected["closed_on_time"]))
    assert {"rating", "fixed", "time_to_close"} <= set(row["few"].split())
    # The metrics.
    metrics = Metrics()
    metrics.figures(today)
    told = dict(
        re.findall(r'^(baldosa_tickets_\w+\{.*body="comuna-14".*\}) (\d+)', metrics.text().decode(), re.MULTILINE)
    )
    values = {name: int(value) for name, value in told.items()}
    assert [values[f'baldosa_tickets_open{{age="{age}",body="comuna-14"}}'] for age in AGES] == list(ages)
    assert values['baldosa_tickets_overdue{body="comuna-14"}'] == expected["overdue"]
    assert values['baldosa_tickets_unanswered{body="comuna-14"}'] == expected["unanswered"]
    assert values['baldosa_tickets_received_today{body="comuna-14"}'] == 1


AGES = ("week", "month", "quarter", "older")


async def test_the_weeks_summary_says_what_the_spreadsheet_says_of_its_days(database_url: str) -> None:
    days = full_week(NOON, ZONE)
    expected, earlier = (
        recount(OURS, period.start, period.end, NOON) for period in (days, full_week(days.start, ZONE))
    )
    async with city(database_url) as (machine, luis):
        office = (await luis.row()).address_id
        manages = update(official).values(role="manager", proved_at=machine.now)

        def order(work: Any, key: str = "w:1") -> None:
            data = {"body": "comuna-14", "at": str(NOON)}
            payload = {"name": "told-numbers", "data": data}
            work.post(account="local", lane="weekly", kind="notice", payload=payload, effect_key=key, address_id=office)

        await machine.work(order)
        await machine.settle()
        assert await luis.news() == [], "an agent is not told"
        await machine.work(lambda work: work.execute(manages))
        await machine.work(lambda work: order(work, "w:3"))
        await machine.settle()
        text = "\n".join(texts(await luis.news()))
        async with machine.database.read() as connection:
            content = await weekly(connection, "comuna-14", NOON, ZONE)
            table = rows_of(await measure(connection, days, NOON, bodies=["comuna-14"]), ZONE, str)
    assert f"La anterior: recibidos {earlier['received']}, cerrados {earlier['closed']}" in text
    assert f"Recibidos: {expected['received']} · cerrados: {expected['closed']}" in text
    assert f"Abiertos: {expected['backlog']};" in text
    assert table[0]["received"] == str(expected["received"]) == str(content.week.total.received)
    assert (content.weeks[-1].received, content.weeks[-1].closed) == (expected["received"], expected["closed"])


async def test_whoever_acts_for_no_body_is_told_no_figures_even_by_a_late_notice(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, _):
        ana = machine.phone("ana")
        assert "📊" not in (await ana.says("/números"))[-1].text
        address = (await ana.row()).address_id

        def order(work: Any) -> None:
            payload = {"name": "told-numbers", "data": {"body": "comuna-14", "at": str(NOON)}}
            work.post(
                account="local", lane="weekly", kind="notice", payload=payload, effect_key="w:2", address_id=address
            )

        await machine.work(order)
        await machine.settle()
        assert await ana.news() == []


async def test_figures_are_of_the_officials_own_bodies_only(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, _):
        eva = machine.phone("eva")
        await machine.appoint(eva, "comuna-1", "agua")
        text = (await eva.says("/números organismo"))[-1].text
        assert "Comuna 1: recibidos 1" in text
        assert "Comuna 14" not in text
        assert "En total: recibidos 1, cerrados 0, abiertos 1" in text


@pytest.mark.parametrize(
    ("typed", "language", "shown"),
    [
        ("/números mes", "es", "30 días"),
        ("/números por temas del mes", "es", "por tema"),
        ("/números mês", "pt", ""),
        ("/numbers by topics", "en", "by topic"),
        ("/numbers month area", "en", "by area"),
        ("/numbers nonsense", "en", "By week"),
    ],
)
async def test_span_and_grouping_are_understood_in_any_order(
    sqlite_url: str, typed: str, language: str, shown: str
) -> None:
    async with city(sqlite_url) as (machine, _):
        person = machine.phone("kai", language=language)
        await machine.appoint(person, "comuna-14")
        said = (await person.says(typed))[-1]
        labels = " ".join(option.label for option in said.options)
        month = any(word in typed for word in ("mes", "mês", "month"))
        period = last_days(30 if month else 7, NOON, ZONE)
        assert f"{period_day(period)} " in said.text
        assert shown in said.text or shown in labels or month


def period_day(period: Period) -> str:
    """Return the first day as it is shown."""
    return f"{first_day(period, ZONE):%d/%m}"


async def test_who_pays_for_bytes_is_sent_no_picture(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, luis):
        await luis.says("/liviano")
        assert (await luis.says("/números"))[-1].media == ()
        async with machine.database.read() as connection:
            assert (await connection.execute(select(media))).all() == []


async def test_the_same_figures_are_the_same_picture(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, luis):
        first = (await luis.says("/números"))[-1].media
        assert first
        assert (await luis.says("/números"))[-1].media == first
        # Its weeks are the same, whatever else is told of a month.
        assert (await luis.says("/números mes"))[-1].media == first
        machine.now += 8 * DAY
        assert (await luis.says("/números"))[-1].media != first


async def test_what_is_asked_for_often_is_measured_once_a_minute(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, _):
        now = [NOON]
        today = Today(machine.database, lambda: machine.pack, lambda: now[0])
        first = await today.read()
        now[0] += FRESH - 1
        assert await today.read() is first
        now[0] += 1
        assert (await today.read()).at == NOON + FRESH


async def test_the_metrics_page_has_every_body(sqlite_url: str, tmp_path: Path) -> None:
    async with city(sqlite_url) as (machine, _), make_house(sqlite_url, tmp_path) as house:
        today = Today(machine.database, lambda: machine.pack, lambda: NOON)
        async with house.open(figures=today.read) as client:
            text = await (await client.get("/metrics")).text()
    assert 'baldosa_tickets_open{age="older",body="comuna-14"} 1.0' in text
    assert 'baldosa_tickets_open{age="week",body="comuna-1"} 1.0' in text


# The picture


def plot(*weeks: tuple[str, int, int], title: str = "Comuna 14") -> Plot:
    ages = (("menos de 7 días", 0), ("7 a 29 días", 12))
    return Plot(title, "1 a 7", ("Recibidos", "Cerrados"), weeks, "Abiertos", ages)


@pytest.mark.parametrize(
    "weeks", [(), (("1/1", 0, 0),) * 8, (("1/1", 123_456, 1),) * 8, (("1/1", 1, 0), ("8/1", 999_999, 999_998))]
)
def test_any_week_can_be_drawn(weeks: tuple[tuple[str, int, int], ...]) -> None:
    picture = Image.open(BytesIO(draw(plot(*weeks, title="Agua y Desagües " * 9)))).convert("RGB")
    assert picture.size == (WIDTH, HEIGHT)
    assert picture.getpixel((2, 2)) == (255, 255, 255)


def test_the_two_kinds_of_bars_differ_without_colours() -> None:
    full, hatched = (bar_of(draw(plot(*week))) for week in ([("1/1", 9, 0)], [("1/1", 0, 9)]))
    # One is dark all over, the other has paper between its lines.
    assert max(full) < 100
    assert min(hatched) < 140
    assert max(hatched) > 230


def bar_of(picture: bytes) -> list[int]:
    """Return how bright a row of pixels in the middle of the one bar is, its frame left out."""
    grey = Image.open(BytesIO(picture)).convert("L")
    row = list(grey.crop((0, 320, WIDTH, 321)).tobytes())
    dark = [x for x, value in enumerate(row) if value < 200]
    return row[dark[0] + 4 : dark[-1] - 4]


def test_a_picture_is_small_enough_to_be_sent_every_week() -> None:
    assert len(draw(plot(*(("22/12", n * 7, n * 5) for n in range(8))))) < 30_000


# The command line


async def test_the_command_line_writes_the_table_and_the_spreadsheet(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    await whole.run("migrate")
    database = Database(whole.environment["BALDOSA_DATABASE_URL"])
    async with database.write() as connection:
        await write_city(connection, CITY)
    async with database.read() as connection:
        found = await measure(connection, WEEK, WEEK.end, by="body")
    await database.close()
    days = ("--from", "2026-11-15", "--to", "2026-11-21")
    assert found.period == WEEK
    target = tmp_path / "numbers.csv"
    assert await whole.run("numbers", *days, "--by", "body", "--csv", str(target)) == f"{target}: 3 rows.\n"
    with target.open(encoding="utf-8-sig", newline="") as file:
        written = list(DictReader(file))
    assert [row["name"] for row in written] == ["all", "Comuna 1", "Comuna 14"]
    computed = rows_of(found, ZONE, str)
    # Before that week is over the clock has not come as far.
    ages = {name for name in computed[0] if name.startswith("ages_")}
    moving = {"name", "at", "overdue", *ages} | {name for name in computed[0] if "on_time" in name or name == "few"}
    for row, other in zip(written, computed, strict=True):
        assert {k: v for k, v in row.items() if k not in moving} == {k: v for k, v in other.items() if k not in moving}
    shown = await whole.run("numbers", *days, "--by", "body")
    assert shown.splitlines()[0].split()[:4] == ["body", "received", "closed", "backlog"]
    assert re.search(rf"^Comuna 14 +{computed[2]['received']} +{computed[2]['closed']} ", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "colour"), "--by must be body, category or area, not colour"),
        (("--from", "2026-02-02", "--to", "2026-02-01"), "--to 2026-02-01 is before --from 2026-02-02"),
        (("--csv", "/nowhere/at/all.csv"), "--csv /nowhere/at/all.csv: No such file or directory"),
    ],
)
async def test_an_impossible_wish_is_refused_in_one_line(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    assert (await Whole(tmp_path).run("numbers", *words, expect=1)).splitlines() == [told]


async def test_a_terminal_shows_the_whole_figure_by_figure(sqlite_url: str) -> None:
    async with city(sqlite_url) as (machine, _), machine.database.read() as connection:
        found = await measure(connection, WEEK, NOON)
    shown = {line[0]: line[1] for line in lines_of(found, str)}
    assert shown["received"] == str(found.total.received)
    assert shown["first_response_n"] == str(found.total.first_response.n)
