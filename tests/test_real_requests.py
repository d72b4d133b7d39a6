"""Service requests played as reports: made-up ones with an outcome that is known, and some of the real ones."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import shapely

from bot.messages import Place
from tests import real_requests
from tests.machine import DAY, HOUR, demo_pack
from tests.real_requests import BRAZIL, NEEDED, SP156, Played, play_buenos_aires, play_town, served_by
from tests.service_requests import buenos_aires, checks, sao_paulo
from tests.service_requests.checks import Verdict
from tests.service_requests.citizen import Offer, Request, Talk
from tests.service_requests.globe import Map, metres
from tests.service_requests.telling import pin, tell
from tests.service_requests.town import MOST_AT_ONCE, waves

CITY, BESIDE = "XX-0000001", "XX-0000002"
# A corner of the city, 5 km from the border at 46.5° W.
LAT, LON = -23.5, -46.55
METRE = 1 / 111_195
BEGINS = 1_735_732_800.0
RUBBLE = "tem entulho na esquina faz dias"


def write_map(path: Path) -> Path:
    """Two municipalities side by side, as a file has them."""
    squares = {CITY: ("Cidade Nossa", -46.7, -46.5), BESIDE: ("Vila Vizinha", -46.5, -46.3)}
    features = [
        {
            "type": "Feature",
            "properties": {"id": area_id, "name": name, "country": "BR", "level": "municipality"},
            "geometry": shapely.geometry.mapping(shapely.box(west, -23.7, east, -23.3)),
        }
        for area_id, (name, west, east) in squares.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def asks(days: float, north: float = 0.0, east: float = 0.0, **others: Any) -> Request:
    """Somebody has rubble at her corner, so many days after the first and so many metres beside; 20 days to remove."""
    lat, lon = LAT + north * METRE, LON + east * METRE / 0.917
    usual: dict[str, Any] = {
        "at": BEGINS + days * DAY,
        "words": RUBBLE,
        "service": "rubble",
        "category": "escombros",
        "told": Place(lat=lat, lon=lon, accuracy=8.0, source="pin"),
        "lat": lat,
        "lon": lon,
        "area": CITY if lon < -46.5 else BESIDE,
        "area_name": "Cidade Nossa" if lon < -46.5 else "Vila Vizinha",
        "how": "pin",
        "closed_at": BEGINS + (days + 20) * DAY,
    }
    return Request(**usual | others)


async def played(folder: Path, *requests: Request) -> Played:
    """Play made-up requests over made-up municipalities."""
    url, pack, truth = await served_by(folder, [write_map(folder / "map.json")], CITY)
    return await play_town("Cidade Nossa", folder, url, pack, "pt", truth, requests)


def right(found: Played) -> bool:
    """True when every check was right, and nothing went wrong inside."""
    assert found.verdict.wrong == []
    assert found.faults == []
    return True


async def test_the_same_request_nearby_is_joined_and_another_is_not(tmp_path: Path) -> None:
    found = await played(
        tmp_path,
        asks(0),
        asks(1, north=100),
        asks(2, north=-200, service="skip", words="entulho de obra numa caçamba"),
        asks(3, north=600),
        asks(25, north=40),  # the first one is gone since five days
    )
    assert right(found)
    assert [talk.outcome for talk in found.talks] == ["ticket", "joined", "ticket", "ticket", "ticket"]
    first, _, other, far, _ = (talk.code for talk in found.talks)
    assert [talk.offers for talk in found.talks] == [
        [],
        [Offer((first,), first)],
        [Offer((first,), "")],
        [],
        [] if (last := found.tickets[other]).ended_at <= BEGINS + 25 * DAY else [Offer((last.code,), "")],
    ]
    assert found.verdict.looked["no twin nearby is missed"] >= 2
    assert far


async def test_swapped_outside_unserved_phoned_and_at_the_border(tmp_path: Path) -> None:
    border = Place(lat=LAT, lon=-46.50002, accuracy=30.0, source="pin")
    found = await played(
        tmp_path,
        asks(0, told=f"{LON:.6f}, {LAT:.6f}", how="swapped"),
        asks(1, east=30_000, told=Place(lat=LAT, lon=-46.0, source="pin"), area=""),
        asks(2, words="não consigo recarregar o bilhete único", service="card", category="bilhete"),
        asks(3, words="erosão perto de casa", service="slide", category="risco", only_phones=True),
        asks(4, words="erosão perto de casa", service="slide", category="risco", only_phones=False),
        asks(5, told=border, lat=LAT, lon=-46.4999, area=BESIDE, area_name="Vila Vizinha"),
    )
    assert right(found)
    assert [talk.outcome for talk in found.talks] == ["ticket", "outside", "not served", "phoned", "ticket", "ticket"]
    assert "border" in found.talks[-1].asked
    at_border = found.tickets[found.talks[-1].code]
    assert (at_border.area, at_border.body) == (BESIDE, f"prefeitura-{BESIDE.lower()}")
    counts = found.counts()
    assert counts["routed at once"] == 1
    assert counts["routed after a question"] == 2
    assert counts["refused: outside"] == counts["refused: a phone call was enough"] == 1


async def test_five_floods_are_one_outage_which_the_sixth_is_offered(tmp_path: Path) -> None:
    flood: dict[str, Any] = {"words": "a rua está alagada", "category": "inundacion"}
    hours = [n * HOUR / DAY / 4 for n in range(6)]
    found = await played(
        tmp_path,
        *(asks(at, north=300 * n, service=f"flood {n}", **flood) for n, at in enumerate(hours[:5])),
        asks(hours[5], north=-300, service="flood 0", **flood),
    )
    assert right(found)
    assert [talk.outcome for talk in found.talks] == ["ticket"] * 5 + ["joined"]
    counts = found.counts()
    assert (counts["outages"], counts["joined an outage"]) == (1, 4)
    assert any("outages of five and more" in line for line in found.lines())


async def test_the_checks_tell_what_is_wrong(tmp_path: Path) -> None:
    found = await played(tmp_path, asks(0), asks(1, north=100, service="other"), asks(2, east=6000, service="third"))
    truth = Map([tmp_path / "map.json"])
    pack = sao_paulo.make_pack(truth.touching(CITY), CITY)
    first, second, third = found.talks
    moved = found.tickets | {third.code: found.tickets[third.code]._replace(area=CITY)}
    old = found.tickets | {first.code: found.tickets[first.code]._replace(opened_at=BEGINS - 40 * DAY)}
    far = found.tickets | {first.code: found.tickets[first.code]._replace(lat=LAT + 1)}
    alone = [first, Talk(second.request, second.at, second.wave, second.asked, [], "ticket", second.code), third]

    def wrong(talks: list[Talk], tickets: dict[str, checks.Known]) -> set[str]:
        verdict = Verdict()
        checks.check_places([third], tickets, truth, pack, verdict)
        checks.check_twins(talks, tickets, pack, verdict)
        return {line.partition(":")[0] for line in verdict.wrong}

    assert "the area is that of the outline" in wrong(found.talks, moved)
    assert "each offered twin is open, near and young" in wrong(found.talks, old)
    assert "each offered twin is open, near and young" in wrong(found.talks, far)
    assert "no twin nearby is missed" in wrong(alone, found.tickets)


def test_every_request_finds_a_leaf_that_the_packs_have() -> None:
    brazilian = sao_paulo.make_pack([{"id": CITY, "name": "Nossa"}], CITY)
    for leaf in {leaf for _, leaf in sao_paulo.LEAVES}:
        assert brazilian.category(leaf), leaf
    for leaf in {buenos_aires.REST, *(leaf for _, leaf in buenos_aires.LEAVES)}:
        assert demo_pack().category(leaf), leaf
    assert sao_paulo.leaf_of("lixo e limpeza remoção de entulho") == "escombros"
    assert buenos_aires.leaf_of("alumbrado") == "luz-apagada"


def test_a_quarter_of_all_positions_is_told_the_wrong_way_round_and_pins_are_as_exact_as_they_say() -> None:
    dice = random.Random(3)
    ways = Counter(tell(LAT, LON, dice, west=1.0)[0] for _ in range(4000))
    assert 0.20 < ways["swapped"] / 4000 < 0.26
    for _ in range(200):
        near = pin(LAT, LON, dice)
        assert near.accuracy is not None
        assert metres(LAT, LON, near.lat or 0, near.lon or 0) <= near.accuracy + 0.2


def test_who_would_report_the_same_waits_for_the_others() -> None:
    same = [asks(n / 1000) for n in range(3)]
    assert [len(wave) for wave in waves(same)] == [1, 1, 1]
    others = [asks(n / 10_000, category=f"kind {n}") for n in range(MOST_AT_ONCE + 3)]
    assert [len(wave) for wave in waves(others)] == [MOST_AT_ONCE, 3]


def test_the_tool_says_what_is_missing() -> None:
    run = [sys.executable, "-m", "tests.real_requests"]
    env = os.environ | {"BALDOSA_SHARED": "/nowhere"}
    done = subprocess.run(run, cwd=Path(__file__).parents[1], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no /nowhere/")
    assert "BALDOSA_SHARED" in done.stderr


real = pytest.mark.skipif(
    not all(path.is_file() for path in NEEDED), reason=f"no real data: {SP156} (BALDOSA_SHARED names the folder)"
)


@real
@pytest.mark.slow
async def test_real_requests_of_buenos_aires_reach_the_right_body(tmp_path: Path) -> None:
    found = await play_buenos_aires(tmp_path, 150, 2)
    assert right(found)
    counts = found.counts()
    assert counts["lost on the way"] == 0
    assert counts["routed at once"] + counts["routed after a question"] + counts["joined one nearby"] >= 140
    assert sum(len(talk.asked) for talk in found.talks) / len(found.talks) <= 4.5


@real
@pytest.mark.slow
async def test_real_requests_of_sao_paulo_reach_the_right_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # To import a whole country is another test's business.
    whole = Map([BRAZIL])
    wanted = {str(each["id"]) for each in whole.touching(sao_paulo.CITY)}
    kept = [each for each in whole.outlines if each.about["id"] in wanted]
    features = [
        {"type": "Feature", "properties": each.about, "geometry": shapely.geometry.mapping(each.shape)} for each in kept
    ]
    path = tmp_path / "around.json"
    path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}))
    monkeypatch.setattr(real_requests, "BRAZIL", path)
    found = await real_requests.play_sao_paulo(tmp_path, 100, 2)
    assert right(found)
    counts = found.counts()
    assert counts["lost on the way"] == 0
    assert counts["routed at once"] >= 40
    assert counts["joined one nearby"] > 0


@pytest.mark.parametrize(("asked", "how"), [(["place"], "elsewhere"), (["area", "send"], "named in the story")])
def test_who_names_the_place_in_her_story_is_not_counted_by_where_she_is(asked: list[str], how: str) -> None:
    assert Talk(asks(0, how="elsewhere"), BEGINS, asked=asked).how == how
