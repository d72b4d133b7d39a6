"""Asking geocoders: servers on loopback that answer as documented, slowly, wrongly, or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from aiohttp import web
from sqlalchemy import select

import bot.geocoding
from bot.geocoder_list import KNOWN, NEED_KEY
from bot.geocoding import Geocoding
from routing.candidates import Candidate, certain, fit, rank
from routing.geocoders import GEOCODERS, Setup
from routing.geocoders.line import Line
from storage import geocodes
from storage.database import Database
from storage.schema import geocode
from tests.fakes.geocoders import ANSWERS, CORNER, DOOR, FakeGeocoder, nominatim, serving
from tests.machine import demo_pack

ASKED = "Av. Corrientes 1234"
DAY = 86400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_273_200.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def service(url: str, *fakes: tuple[str, FakeGeocoder], clock: Clock | None = None) -> AsyncIterator[Geocoding]:
    """Ask these servers in this order, over the database at `url`."""
    database = Database(url)
    lines = [Line(name, GEOCODERS[name], Setup(url=fake.url, key="secret", user_agent="t")) for name, fake in fakes]
    asking = Geocoding(database, demo_pack, lines, clock or Clock())
    try:
        yield asking
    finally:
        await asking.close()
        await database.close()


def asked(words: str = ASKED, language: str = "es") -> dict[str, Any]:
    return {"do": "geocode", "words": words, "language": language}


@pytest.mark.parametrize("name", GEOCODERS)
async def test_every_geocoder_is_read_as_its_provider_documents_it(name: str, sqlite_url: str) -> None:
    async with serving(ANSWERS[name]) as fake, service(sqlite_url, (name, fake)) as asking:
        found = await asking.look_up(asked())
        assert found is not None
        [best] = found
        assert (best["lat"], best["lon"]) == DOOR
        assert best["kind"] == "house"
        assert best["provider"] == name
        assert "1234" in best["words"]
        assert "Corrientes" in best["words"]
        assert best["score"] >= 0.9


@pytest.mark.parametrize("name", GEOCODERS)
async def test_every_geocoder_says_when_it_knows_nothing(name: str, sqlite_url: str) -> None:
    async with serving(ANSWERS[name]) as fake, service(sqlite_url, (name, fake)) as asking:
        assert await asking.look_up(asked("Calle Sin Nombre 650")) == []


BOXED = {
    "nominatim": ("viewbox", "-58.532,-34.706,-58.334,-34.526"),
    "photon": ("bbox", "-58.532,-34.706,-58.334,-34.526"),
    "georef": ("provincia", "02"),
    "google": ("bounds", "-34.706,-58.532|-34.526,-58.334"),
    "opencage": ("bounds", "-58.532,-34.706,-58.334,-34.526"),
    "mapbox": ("bbox", "-58.532,-34.706,-58.334,-34.526"),
}


@pytest.mark.parametrize("name", GEOCODERS)
async def test_every_geocoder_is_asked_within_what_is_served(name: str, sqlite_url: str) -> None:
    parameter, box = BOXED[name]
    async with serving(ANSWERS[name]) as fake, service(sqlite_url, (name, fake)) as asking:
        await asking.look_up(asked())
        assert _numbers(fake.query[parameter]) == pytest.approx(_numbers(box), abs=0.02)
        if name == "nominatim":
            assert fake.query["bounded"] == "1"


def _numbers(box: str) -> list[float]:
    return [float(each) for each in box.replace("|", ",").split(",")]


@pytest.mark.parametrize("name", ["georef", "google"])
async def test_a_crossing_is_found_where_the_geocoder_knows_crossings(name: str, sqlite_url: str) -> None:
    async with serving(ANSWERS[name]) as fake, service(sqlite_url, (name, fake)) as asking:
        found = await asking.look_up(asked("Av. Corrientes y Av. Callao"))
        assert found
        assert found[0]["kind"] == "crossing"
        assert (found[0]["lat"], found[0]["lon"]) == CORNER
        assert found[0]["score"] >= 0.9


async def test_a_point_outside_of_what_is_served_is_no_answer(sqlite_url: str) -> None:
    far_only = lambda request: nominatim(request)[1:]  # noqa: E731
    async with serving(far_only) as fake, service(sqlite_url, ("nominatim", fake)) as asking:
        assert await asking.look_up(asked("Corrientes")) == []


async def test_georef_is_asked_for_its_province_once(sqlite_url: str) -> None:
    async with serving(ANSWERS["georef"]) as fake, service(sqlite_url, ("georef", fake)) as asking:
        await asking.look_up(asked())
        await asking.look_up(asked("Av. Corrientes 1300"))
        assert [request.path for request in fake.seen] == ["/ubicacion", "/direcciones", "/direcciones"]


async def test_the_user_agent_says_who_asks(sqlite_url: str) -> None:
    async with serving(nominatim) as fake, service(sqlite_url, ("nominatim", fake)) as asking:
        await asking.look_up(asked())
        assert fake.seen[0].headers["User-Agent"] == "t"


def broken(text: str, status: int = 200, kind: str = "application/json", **headers: str) -> web.Response:
    return web.Response(text=text, status=status, content_type=kind, headers=headers)


TROUBLES = {
    "an error": broken("{}", 500),
    "a refusal": broken("blocked", 403, "text/html"),
    "no JSON": broken("<html>captive portal</html>", kind="text/html"),
    "other JSON": broken('{"hello": [1, 2]}'),
    "a list of nothing": broken('[null, 3, "x"]'),
    "points that are none": broken('[{"lat": "north", "lon": null, "display_name": 3}]'),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_a_geocoder_sends_the_next_one_is_asked(trouble: str, sqlite_url: str) -> None:
    async with serving(nominatim) as bad, serving(ANSWERS["photon"]) as good:
        bad.trouble = TROUBLES[trouble]
        async with service(sqlite_url, ("nominatim", bad), ("photon", good)) as asking:
            found = await asking.look_up(asked())
            assert [each["provider"] for each in found or ()] == ["photon"]


async def test_words_that_georef_refuses_as_no_address_are_only_not_found(sqlite_url: str) -> None:
    async with serving(ANSWERS["georef"]) as fake, service(sqlite_url, ("georef", fake)) as asking:
        await asking.look_up(asked())
        fake.trouble = broken('{"errores": [[{"mensaje": "La dirección ingresada no pudo ser interpretada."}]]}', 400)
        assert await asking.look_up(asked("la canchita")) == []
        fake.trouble = None
        assert await asking.look_up(asked("Av. Corrientes 1300"))


async def test_one_that_hangs_costs_three_seconds_and_then_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.geocoding, "EACH_WITHIN", 0.2)
    async with serving(nominatim) as slow, serving(ANSWERS["photon"]) as good:
        slow.slow = 30.0
        async with service(sqlite_url, ("nominatim", slow), ("photon", good)) as asking:
            began = time.monotonic()
            assert await asking.look_up(asked())
            assert time.monotonic() - began < slow.slow / 3
            assert await asking.look_up(asked("Av. Corrientes 1300"))
            assert len(slow.seen) == 1, "it was to be left alone for a while"


async def test_when_nobody_answers_it_says_so_and_does_not_raise(sqlite_url: str) -> None:
    async with serving(nominatim) as fake:
        url = fake.url
    gone = FakeGeocoder(nominatim)
    gone.url = url
    async with service(sqlite_url, ("nominatim", gone)) as asking:
        assert await asking.look_up(asked()) is None
    async with service(sqlite_url) as asking:
        assert await asking.look_up(asked()) is None


async def test_too_many_requests_are_believed(sqlite_url: str) -> None:
    async with serving(nominatim) as fake, service(sqlite_url, ("nominatim", fake)) as asking:
        fake.trouble = broken("{}", 429, **{"Retry-After": "120"})
        assert await asking.look_up(asked()) is None
        fake.trouble = None
        assert await asking.look_up(asked()) is None
        assert len(fake.seen) == 1


async def test_an_answer_is_kept_and_what_was_asked_is_not(sqlite_url: str) -> None:
    clock = Clock()
    async with serving(nominatim) as fake, service(sqlite_url, ("nominatim", fake), clock=clock) as asking:
        first = await asking.look_up(asked())
        assert await asking.look_up(asked("av.  CORRIENTES 1234")) == first
        assert len(fake.seen) == 1
        clock.now += 31 * DAY
        assert await asking.look_up(asked()) == first
        assert len(fake.seen) == 2
    database = Database(sqlite_url)
    async with database.read() as connection:
        rows = (await connection.execute(select(geocode))).mappings().all()
    await database.close()
    assert len(rows) == 1
    assert "orrientes" not in rows[0]["query"].lower()


async def test_nothing_found_is_asked_again_the_day_after_tomorrow(sqlite_url: str) -> None:
    clock = Clock()
    async with serving(nominatim) as fake, service(sqlite_url, ("nominatim", fake), clock=clock) as asking:
        for pause, times in ((0.0, 1), (3600.0, 1), (2 * DAY, 2)):
            clock.now += pause
            assert await asking.look_up(asked("Calle Sin Nombre 650")) == []
            assert len(fake.seen) == times


async def test_old_answers_are_forgotten(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as connection:
        await geocodes.keep(connection, "photon", "a", "[]", 100.0)
        await geocodes.keep(connection, "photon", "a", '["newer"]', 200.0)
        await geocodes.keep(connection, "photon", "b", "[]", 50.0)
        assert await geocodes.forget_old(connection, 60.0) == 1
        assert await geocodes.read(connection, "photon", "a", 0.0) == '["newer"]'
        assert await geocodes.read(connection, "photon", "b", 0.0) is None
    await database.close()


async def test_a_public_server_is_asked_no_faster_than_its_policy_has_it() -> None:
    async with serving(nominatim) as fake:
        paced = GEOCODERS["nominatim"]._replace(pace=0.3)
        line = Line("nominatim", paced, Setup(user_agent="t", url=fake.url))
        assert line._pace == 0.0, "a server of one's own has no policy"
        line._pace = paced.pace
        region = bot.geocoding.region_of(demo_pack(), "es")
        await asyncio.gather(*(line.ask(f"Av. Corrientes {n}", region, 3.0) for n in (1200, 1300, 1400)))
        await line.close()
        pauses = [later - earlier for earlier, later in zip(fake.at, fake.at[1:], strict=False)]
        assert all(pause > 0.28 for pause in pauses), pauses


def test_the_public_nominatim_is_asked_once_a_second() -> None:
    assert GEOCODERS["nominatim"].pace >= 1.0
    assert Line("nominatim", GEOCODERS["nominatim"], Setup(user_agent="t"))._pace >= 1.0


async def test_logs_tell_who_failed_and_never_what_was_asked(sqlite_url: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with serving(nominatim) as fake, service(sqlite_url, ("nominatim", fake)) as asking:
            fake.trouble = broken("no", 500)
            await asking.look_up(asked("calle del secreto 1234"))
    assert [line["geocoder"] for line in logs] == ["nominatim"]
    assert "secreto" not in str(logs)


def test_the_settings_know_the_geocoders_that_there_are() -> None:
    assert set(KNOWN) == set(GEOCODERS)
    assert {name for name, provider in GEOCODERS.items() if provider.key} == set(NEED_KEY)


@pytest.mark.parametrize(
    ("asked_for", "label", "fits"),
    [
        ("Av. Corrientes 1234", "Avenida Corrientes 1234, San Nicolás", True),
        ("av corrientes al 1200", "Avenida Corrientes 1200", True),
        ("Gral. Urquiza 500", "General Urquiza 500", True),
        ("Corrientes y Callao", "Av. Callao & Av. Corrientes", True),
        ("Corrientes 1234", "Avenida Corrientes 3456", False),
        ("Corrientes 1234", "Avenida Corrientes", False),
        ("Corrientes y Callao", "Avenida Corrientes 1800", False),
        ("Calle Sin Nombre 650", "Avenida Rivadavia 650", False),
        ("", "Avenida Rivadavia", False),
    ],
)
def test_an_answer_is_weighed_by_what_was_asked(asked_for: str, label: str, fits: bool) -> None:
    assert (fit(asked_for, label, "es") >= 0.9) is fits


def test_two_doors_that_fit_alike_are_no_certainty() -> None:
    def door(lat: float, score: float = 1.0, kind: str = "house") -> Any:
        return Candidate(lat, -58.4, "San Martín 100", kind, score)  # type: ignore[arg-type]

    assert certain(rank([door(-34.60)]))
    assert certain(rank([door(-34.60), door(-34.6005)])), "the same door, told by two"
    assert certain(rank([door(-34.60), door(-34.65, 0.6)]))
    assert certain(rank([door(-34.60), door(-34.65)])) is None
    assert certain(rank([door(-34.60, kind="street")])) is None
    assert rank([door(-34.60, 0.3)]) == []
