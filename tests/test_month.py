"""The month of the benchmark, in small and with made-up reports: what people counted is what the city measured."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import shapely
from sqlalchemy import select, update

from benchmarks.month import citizens, machine, offices, simulation
from benchmarks.month.city import CITY, found_city
from benchmarks.month.ledger import Act, Seen
from benchmarks.month.phrases import Phrases
from benchmarks.month.replay import Replay
from benchmarks.month.report import compare, differences, table
from benchmarks.month.simulation import Simulation
from benchmarks.month.worktime import DAY, HOUR, Worktime
from bot.messages import Place
from bot.scene import Limits
from storage.database import Database, migrate
from storage.schema import address, card, outbox, ticket
from tests.machine import demo_pack
from tests.made_city import Case
from tests.service_requests.citizen import Request

KINDS = (
    ("tem entulho na esquina faz dias", "escombros"),
    ("buraco enorme no asfalto", "bache"),
    ("a luz da rua está apagada", "luz-apagada"),
    ("a coleta de lixo não passou", "recoleccion"),
    ("placa de trânsito caída", "senal"),
)
REPORTS, LAST = 50, date(2026, 4, 8)


def write_map(path: Path) -> Path:
    """One city, which is a square."""
    properties = {"id": CITY, "name": "Cidade Nossa", "country": "BR", "level": "municipality"}
    outline = shapely.geometry.mapping(shapely.box(-46.7, -23.7, -46.5, -23.3))
    feature = {"type": "Feature", "properties": properties, "geometry": outline}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def made_up(dice: random.Random) -> Request:
    """Somebody's problem, somewhere in the middle of the city."""
    words, category = dice.choice(KINDS)
    lat, lon = dice.uniform(-23.53, -23.47), dice.uniform(-46.57, -46.53)
    pin = Place(lat=lat, lon=lon, accuracy=8.0, source="pin")
    return Request(0.0, words, words, category, pin, lat, lon, CITY, "Cidade Nossa", "pin")


async def live(folder: Path) -> Simulation:
    """Eight days, with a holiday among them, in which more people join and change their minds than usual."""
    dice = random.Random(4)
    url = f"sqlite+aiosqlite:///{folder / 'month.db'}"
    await migrate(url)
    requests = [made_up(dice) for _ in range(REPORTS)]
    city = await found_city(url, folder, write_map(folder / "map.json"), requests, dice, LAST, "2 working days")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "JOINED", 0.6)
        patch.setattr(simulation, "TAKEN_BACK", 0.1)
        patch.setattr(simulation, "FLOOD", 7)
        patch.setattr(simulation, "PRANKS", 15)
        patch.setattr(offices, "PASSES", 12)
        patch.setattr(offices, "MERGES", 10)
        patch.setattr(citizens, "SHARES", (40, 35, 10, 15))
        patch.setattr(machine, "LIMITS", Limits(4, 8))
        played = Simulation(city, url, seed=4)
        await played.play()
    return played


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """Return a month that was played, for all tests that look at it."""
    return asyncio.run(live(tmp_path_factory.mktemp("month")))


async def test_what_people_counted_is_what_the_city_measured(month: Simulation) -> None:
    found = await compare(month)
    assert found.differences == []
    figures = found.measured.total
    assert figures.received > REPORTS / 2
    seen = ("closed", "backlog", "overdue", "reopened", "passed_on", "duplicates", "withdrawn", "joined")
    assert all(getattr(figures, name) for name in seen), figures
    assert min(figures.first_response.n, figures.rating.n, figures.fixed.n) > 0
    assert 0 < figures.closed_on_time.part < figures.closed_on_time.n
    tally = month.tally
    met = {name: tally[name] for name in ("digests", "faults met", "vandals' reports held", "floods stopped")}
    assert all(met.values()), met
    assert all(reporter.outcomes for reporter in month.reporters)


@pytest.mark.slow
async def test_a_seed_is_a_month(month: Simulation, tmp_path: Path) -> None:
    again = await live(tmp_path)
    assert again.tally == month.tally
    assert again.ledger.seen == month.ledger.seen


async def test_a_wrong_figure_is_noticed(month: Simulation) -> None:
    found = await compare(month)
    counted = found.counted | {"": found.counted[""] | {"received": found.counted[""]["received"] + 1}}
    assert [line.partition(" is ")[0] for line in differences(found.measured, counted)] == ["the city: received"]


async def test_a_teams_group_is_one_chat_whoever_of_it_writes_there(month: Simulation) -> None:
    """As Telegram's channel has it, each of a team writes as "chat/user"; cards and notices are the chat's."""
    database = Database(month.machine.database.url)
    shown = select(address.c.external).join(card, card.c.address_id == address.c.id).distinct()
    noticed = select(address.c.external).join(outbox, outbox.c.address_id == address.c.id)
    told = noticed.where(outbox.c.account == "local", outbox.c.kind == "notice").distinct()
    wrote = select(address.c.external).where(address.c.external.startswith("-", autoescape=True)).distinct()
    try:
        async with database.read() as connection:
            found = [set((await connection.execute(query)).scalars()) for query in (shown, told, wrote)]
    finally:
        await database.close()
    rooms = {person.address for person in month.people.values() if isinstance(person, offices.Room)}
    members = {name for name in found[2] if "/" in name}
    assert {name.partition("/")[0] for name in members} <= rooms
    assert len(members) > len(rooms)
    assert found[0] & rooms
    assert not found[0] & members
    assert not found[1] & members


async def test_a_ticket_that_the_city_counts_otherwise_is_noticed(month: Simulation) -> None:
    database = Database(month.machine.database.url)
    some = next(code for code, found in month.ledger.seen.items() if not found.held)
    mine = update(ticket).where(ticket.c.code == some)
    try:
        async with database.write() as connection:
            row = (await connection.execute(ticket.select().where(ticket.c.code == some))).one()
            await connection.execute(mine.values(created_at=row.created_at - 3600.0, answered_at=None))
        found = await compare(month)
        async with database.write() as connection:
            await connection.execute(mine.values(created_at=row.created_at, answered_at=row.answered_at))
    finally:
        await database.close()
    assert found.differences


async def test_the_figures_are_shown_body_by_body(month: Simulation) -> None:
    lines = list(table((await compare(month)).measured))
    assert lines[1].startswith("the city")
    assert len({len(line) for line in lines}) == 1


def test_without_the_real_data_one_line_says_what_to_name(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.month"],
        env=os.environ | {"BALDOSA_SHARED": str(tmp_path)},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert "BALDOSA_SHARED" in run.stderr


def test_a_reader_finds_a_sentence_among_others_and_what_it_speaks_of() -> None:
    phrases = Phrases("es", ("reopened", "taken"))
    said = "Hola.\n\nGracias. RT2G-ZSA sigue abierto y Comuna 14 ya lo sabe.\n\nY más."
    assert phrases.first(said) == ("reopened", {"code": "RT2GZSA", "body": "Comuna 14"})
    assert phrases.first("RT2G-ZSA sigue") is None


def replayed(*acts: Act, looks: tuple[float, ...] = ()) -> Case:
    """A ticket with what was done to it, two days after it was reported by "she"."""
    found = Seen("RT2GZSA", "she", "limpeza", "escombros", 0.0, 0, acts=list(acts))
    replay = Replay(lambda at, category, body: (at, at), looks, (2.0, 5.0), 2 * DAY)
    return replay.case(found, ())


def test_words_after_a_no_are_a_no_to_what_was_resolved_again_before_they_came() -> None:
    resolved, no = (1, 10.0, "status:resolved", "clerk"), (2, 20.0, "verdict:no", "she")
    reopened, more = (2, 20.0, "reopened", "she"), (4, 40.0, "more:reopened", "she")
    again = (3, 30.0, "status:resolved", "clerk")
    kept = replayed(Act(*resolved), Act(*no), Act(*reopened), Act(*more))
    assert [each.status for each in kept.entries] == ["received", "resolved", "reopened"]
    assert kept.verdicts == ((20.0, "no"),)
    twice = replayed(Act(*resolved), Act(*no), Act(*reopened), Act(*again), Act(*more))
    assert [each.status for each in twice.entries] == ["received", "resolved", "reopened", "resolved", "reopened"]
    assert twice.verdicts == ((20.0, "no"), (40.0, "no"))


def test_words_after_a_doubt_are_the_same_doubt() -> None:
    doubted = Act(2, 20.0, "verdict:no", "a neighbour")
    case = replayed(Act(1, 10.0, "status:resolved", "clerk"), doubted, Act(3, 30.0, "more:doubt-kept", "a neighbour"))
    assert case.verdicts == ((20.0, "no"),)
    assert case.entries[-1].status == "resolved"


def test_the_clock_looks_later_at_a_question_that_came_behind_another_step_of_hers() -> None:
    looks = tuple(float(at) for at in range(20))
    take, ask = Act(1, 10.0, "acknowledged", "clerk"), Act(2, 10.0, "asked", "clerk")
    alone = replayed(ask, looks=looks)
    assert (alone.entries[-1].at, alone.entries[-1].status) == (15.0, "declined")
    assert replayed(take._replace(who="another"), ask, looks=looks).entries[-1].at == 15.0
    behind = replayed(take, ask, looks=looks)
    assert (behind.entries[-1].at, behind.entries[-1].status) == (16.0, "declined")


def test_a_reader_looks_for_each_sentence_by_a_piece_that_never_varies() -> None:
    phrases = Phrases("pt", ("reopened", "doubt-kept"))
    assert phrases.first("Obrigado, Limpeza já sabe (RT2G-ZSA).") == (
        "doubt-kept",
        {"code": "RT2GZSA", "body": "Limpeza"},
    )
    assert dict(phrases.every("Obrigado. RT2G-ZSA continua aberto e Limpeza já sabe.")).keys() == {"reopened"}


@pytest.mark.parametrize("target", ["4 working hours", "1 working day", "3 working days", "30 hours"])
def test_the_plain_calendar_counts_as_the_packs_own(target: str) -> None:
    from routing.calendar import read_target

    pack = demo_pack()
    worktime, calendar = Worktime(pack.records), pack.timetable.calendar
    begins = datetime(2026, 3, 19, 6, 30, tzinfo=ZoneInfo("America/Argentina/Buenos_Aires")).timestamp()
    meant = read_target(target)
    assert meant is not None
    for hours in range(200):
        at = begins + hours * 3599.0
        assert worktime.over(at, target) == calendar.add(at, meant)


def test_work_ends_a_count_of_open_hours_later_on_a_full_hour() -> None:
    worktime = Worktime(demo_pack().records)
    friday = datetime(2026, 3, 20, 15, 20, tzinfo=ZoneInfo("America/Argentina/Buenos_Aires")).timestamp()
    four = friday + 40 * 60
    assert worktime.after(friday, 0.4) == four
    assert worktime.after(four, 0) == four
    # Monday and Tuesday are holidays that are observed on 23 and 24 March: see the pack's calendar.
    assert worktime.after(friday, 1) == worktime.moment(worktime.day(friday) + timedelta(days=5), worktime.opens)
    assert worktime.after(friday, 2) == worktime.after(friday, 1) + HOUR
