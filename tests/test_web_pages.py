"""A ticket's page, what the simulator adds, and what operators read."""

from __future__ import annotations

import asyncio
import os
import re
import time

import pytest
import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from bot.channels.browser import UPLOAD_LIFE_SECONDS
from bot.intake import Unavailable
from bot.messages import Inbound
from tests.scripted_rooms import OUTLINE, House, own, ticket
from web.pages import TicketPage, TicketStep

HTML = {"Accept": "text/html", "Accept-Language": "es"}


async def test_a_ticket_tells_where_it_stands_and_how_it_came_there(house: House) -> None:
    async with house.open() as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
    for words in ("K7Q4-2MX", "Bache en la calzada", "En obra", "Comuna 1", "Pozo enorme", "mañana pasa una cuadrilla"):
        assert words in text
    assert text.index("En obra</strong>") < text.index("Recibido</strong>")


async def test_an_undone_step_is_struck_through(house: House) -> None:
    async def undone(code: str, language: str) -> TicketPage | None:
        shown = await ticket(code, language)
        return shown and replace(shown, steps=(TicketStep(1_763_000_000.0, "Comuna 1", "Resuelto", "", undone=True),))

    async with house.open(ticket=undone) as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
    assert re.search(r"<s>Resuelto</s></strong> · Comuna 1 · deshecho", text)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("Thames 1800, comuna 14", "Thames 1800, comuna 14"),
        ("Thames 1800", "Thames 1800 · Comuna 14"),
        ("", "Comuna 14"),
    ],
)
async def test_an_area_that_the_place_names_is_not_said_twice(place: str, shown: str, house: House) -> None:
    async def placed(code: str, language: str) -> TicketPage | None:
        found = await ticket(code, language)
        return found and replace(found, place=place, area="Comuna 14")

    async with house.open(ticket=placed) as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
    assert f"<dd>{shown}</dd>" in text


async def test_a_code_typed_otherwise_leads_to_the_page(house: House) -> None:
    async with house.open() as client:
        answer = await client.get("/t/k7q42mx", headers=HTML, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/t/K7Q4-2MX")


async def test_a_mistyped_code_is_told_which_ones_are_near(house: House) -> None:
    async with house.open() as client:
        answer = await client.get("/t/K7Q4-999", headers=HTML)
        text = await answer.text()
        assert answer.status == 404
        assert "No encontré ese reclamo" in text
        assert 'href="/t/K7Q4-2MX"' in text


async def test_what_somebody_wrote_is_never_html(house: House) -> None:
    async def hostile(code: str, language: str) -> TicketPage | None:
        return TicketPage(
            code=code, category="<b>x</b>", status="<i>", state="open", body="&", words="</script><script>", opened=1.0,
            place='"><img src=x>', lat=1.0, lon=2.0,
        )  # fmt: skip

    async with house.open(ticket=hostile) as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
        assert (await client.get("/t/%3Cscript%3E", headers=HTML)).status == 200
    assert "<b>x</b>" not in text
    assert "<img src=x>" not in text
    assert text.count("<script") == 2


async def test_the_pictures_of_a_ticket_are_shown_under_good_addresses(house: House) -> None:
    async with house.pictured(2), house.open() as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
        urls = re.findall(r'href="(/media/[^"]+)"', text)
        assert len(urls) == 2
        for url in urls:
            assert (await client.get(url.replace("&amp;", "&"))).status == 200


async def test_a_ticket_without_coordinates_has_no_map(house: House) -> None:
    async def somewhere(code: str, language: str) -> TicketPage | None:
        return TicketPage(code=code, category="x", status="s", state="open", body="b", opened=1.0, place="por ahí")

    async with house.open(ticket=somewhere) as client:
        text = await (await client.get("/t/K7Q4-2MX", headers=HTML)).text()
    assert 'class="map"' not in text
    assert "por ahí" in text


async def test_the_simulator_lists_the_bodies_and_invites(house: House) -> None:
    invited: list[list[str]] = []

    async def invite(bodies: list[str]) -> str:
        invited.append(list(bodies))
        return "J7KQ-2MX9"

    async with house.open(invite=invite) as client:
        listed = await (await client.get("/chat/demo.json")).json()
        assert [body["id"] for body in listed["bodies"]] == ["verdes", "alumbrado", "c1"]
        for wish in ({"bodies": ["c1", "nobody"]}, {"all": True}):
            answer = await client.post("/chat/demo/invite", json=wish, headers=own(client))
            assert await answer.json() == {"code": "J7KQ-2MX9"}
        for odd in ({"bodies": ["nobody"]}, {}, {"bodies": "c1"}):
            assert (await client.post("/chat/demo/invite", json=odd, headers=own(client))).status == 400
        assert (await client.post("/chat/demo/invite", json={"all": True})).status == 403
    assert invited == [["c1"], ["verdes", "alumbrado", "c1"]]


async def test_the_map_is_drawn_from_the_areas_and_fetched_once(house: House) -> None:
    async with house.open() as client:
        answer = await client.get("/chat/map.json")
        assert await answer.json(content_type="application/geo+json") == OUTLINE
        etag = answer.headers["ETag"]
        assert (await client.get("/chat/map.json", headers={"If-None-Match": etag})).status == 304


async def test_a_living_process_says_so(house: House) -> None:
    async with house.open() as client:
        assert await (await client.get("/health/live")).json() == {"status": "ok"}


async def test_readiness_names_the_part_that_is_not(house: House) -> None:
    async with house.open() as client:
        assert (await client.get("/health/ready")).status == 200
        house.health["senders"] = "no lease"
        answer = await client.get("/health/ready")
        assert answer.status == 503
        assert (await answer.json())["senders"] == "no lease"


async def test_readiness_survives_a_check_that_fails_and_tells_no_secrets(house: House) -> None:
    async def broken() -> dict[str, str]:
        raise OSError("postgresql://user:hunter2@db/")

    async with house.open(ready=broken) as client:
        answer = await client.get("/health/ready")
        assert (answer.status, await answer.json()) == (503, {"check": "OSError"})


async def test_metrics_count_what_happens_by_route_and_account(house: House) -> None:
    metrics = house.rooms.metrics
    metrics.inbound("browser:main", "message")
    metrics.handled(0.004)
    metrics.batch(3)
    metrics.sent("telegram:1", "sent")
    metrics.media("kept")
    metrics.opened("calzada")
    await house.intake.take(Inbound(account="browser:main", key="k", address="c-1", text="hola"))
    await asyncio.gather(*house.intake.sending)
    async with house.open() as client:
        await client.get("/t/K7Q4-2MX?secret=1", headers=HTML)
        await client.get("/not/there", headers=HTML)
        text = await (await client.get("/metrics")).text()
    for line in (
        'baldosa_inbound_total{account="browser:main",kind="message"} 1.0',
        'baldosa_sends_total{account="telegram:1",outcome="sent"} 1.0',
        'baldosa_media_total{outcome="kept"} 1.0',
        'baldosa_tickets_opened_total{group="calzada"} 1.0',
        'baldosa_http_seconds_count{route="/t/{code}",status="200"} 1.0',
        'baldosa_http_seconds_count{route="none",status="404"} 1.0',
        "baldosa_batch_size_sum 3.0",
        "baldosa_handled_seconds_count 1.0",
    ):
        assert line in text
    assert "K7Q4" not in text
    assert "secret" not in text


async def test_metrics_show_what_waits_and_how_long(house: House) -> None:
    house.intake.going.clear()
    await house.intake.take(Inbound(account="browser:main", key="k", address="c-1", text="hola"))
    await asyncio.sleep(0.05)
    async with house.open() as client:
        text = await (await client.get("/metrics")).text()
        assert 'baldosa_outbox_rows{account="browser:main",status="pending"} 1.0' in text
        age = re.search(r'oldest_due_seconds\{account="browser:main",status="pending"\} ([\d.]+)', text)
        assert age is not None
        assert 0.04 < float(age[1]) < 60
        house.intake.going.set()
        await asyncio.gather(*house.intake.sending)
        assert "baldosa_outbox_rows{" not in await (await client.get("/metrics")).text()


async def test_metrics_are_for_this_machine_or_for_whoever_has_the_token(house: House) -> None:
    async with house.open(host="0.0.0.0") as client:
        assert (await client.get("/metrics")).status == 404
        assert (await client.get("/metrics", headers={"Authorization": "Bearer "})).status == 404
    async with house.open(host="0.0.0.0", metrics_token="t0ken") as client:
        assert (await client.get("/metrics")).status == 404
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status == 404
        assert (await client.get("/metrics", headers={"Authorization": "Bearer t0ken"})).status == 200


async def test_a_fault_of_ours_is_a_kind_page_and_a_log_line_with_its_trace(house: House) -> None:
    async def broken(code: str, language: str) -> TicketPage | None:
        raise RuntimeError("what nobody should read")

    async with house.open(ticket=broken) as client:
        with capture_logs() as logs:
            answer = await client.get("/t/K7Q4-2MX", headers=HTML)
        text = await answer.text()
        assert answer.status == 500
        assert "Algo nos falló" in text
        assert "nobody should read" not in text
        assert any(entry["event"] == "request failed" and entry["exc_info"] for entry in logs)
        assert (await client.get("/t/K7Q4-2MX")).status == 500


async def test_a_database_that_is_away_asks_to_come_back(house: House) -> None:
    async def away(code: str, language: str) -> TicketPage | None:
        raise Unavailable("OperationalError")

    async with house.open(ticket=away) as client:
        answer = await client.get("/t/K7Q4-2MX", headers=HTML)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "Volvemos enseguida" in await answer.text()


async def test_the_log_tells_routes_and_never_queries_addresses_or_codes(house: House) -> None:
    structlog.reset_defaults()
    async with house.open() as client:
        with capture_logs() as logs:
            await client.get("/t/K7Q4-2MX?phone=secret", headers={"X-Real-IP": "203.0.113.9"})
    entry = next(entry for entry in logs if entry["event"] == "request")
    assert (entry["route"], entry["status"], entry["method"]) == ("/t/{code}", 200, "GET")
    assert not re.search(r"secret|K7Q4|203\.0|127\.0", str(logs))


async def test_search_engines_are_asked_to_stay_out(house: House) -> None:
    async with house.open() as client:
        assert "Disallow: /" in await (await client.get("/robots.txt")).text()
        assert '<meta name="robots" content="noindex">' in await (await client.get("/t/K7Q4-2MX")).text()


async def test_old_uploads_are_swept_while_the_server_runs(house: House) -> None:
    old = house.rooms.uploads.folder / ("0" * 32)
    old.write_bytes(b"x")
    past = time.time() - UPLOAD_LIFE_SECONDS - 60
    os.utime(old, (past, past))
    async with house.open():
        for _ in range(100):
            if not old.exists():
                break
            await asyncio.sleep(0.02)
    assert not old.exists()
