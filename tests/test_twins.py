"""One problem, one ticket: who reports what is there already is asked, joins, and hears of every step."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import event, select

from bot.messages import Outbound, Place
from routing.pack import Pack
from storage.schema import outbox, supporter, ticket, ticket_media
from storage.schema import update as ticket_update
from tests.machine import CONGRESS, DAY, Machine, Phone, demo_pack, texts

STORY = "hay un bache enorme en la esquina"
BODY = "comuna-3"
# One step to the north is so many degrees.
METRE = 1 / 111_195


def away(metres: float) -> Place:
    """Return a pin so far north of the Congress."""
    assert CONGRESS.lat is not None
    return Place(lat=CONGRESS.lat + metres * METRE, lon=CONGRESS.lon, source="pin")


async def tells(phone: Phone, place: Place = CONGRESS, story: str = STORY) -> Outbound:
    """Tell what and where, up to the next question."""
    await phone.says(story)
    await phone.sends(place=place)
    return phone.last


async def reports(phone: Phone, place: Place = CONGRESS, story: str = STORY) -> str:
    """Report something to its end; its code."""
    asked = await tells(phone, place, story)
    if "¿Es este?" in asked.text or "¿Es alguno" in asked.text:
        await phone.taps("Es otro")
    await phone.taps("Enviar")
    return phone.last.ticket


def pack_with(**changes: int | bool) -> Pack:
    """Return the demo pack with its potholes changed, or its third comuna (`alert`)."""
    records = demo_pack().records
    alert = changes.pop("alert", None)
    categories = tuple(
        msgspec.structs.replace(each, **changes) if each.id == "bache" else each for each in records.categories
    )
    bodies = tuple(
        msgspec.structs.replace(each, alert_supporters=alert) if alert is not None and each.id == BODY else each
        for each in records.bodies
    )
    return Pack(msgspec.structs.replace(records, categories=categories, bodies=bodies))


# Is it this one?


async def test_the_same_problem_nearby_is_shown_with_its_distance_age_words_and_photo(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await ana.photo(caption=STORY)
        await ana.sends(place=CONGRESS)
        await ana.taps("Enviar")
        await machine.wait(2 * DAY)
        asked = await tells(eva, away(40))
        assert "a 40 m" in asked.text
        assert "hace 2 días" in asked.text
        assert f"«{STORY}»" in asked.text
        photos = await machine.rows(select(ticket_media.c.media_id))
        assert asked.media == tuple(row.media_id for row in photos)
        assert [option.label for option in asked.options] == ["Me sumo", "Es otro"]
        assert await machine.count(ticket) == 1


async def test_who_joins_opens_no_ticket_and_hears_of_every_step(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva = machine.phone("luis"), machine.phone("ana"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        await tells(eva)
        await eva.taps("Me sumo")
        assert "¡Te sumaste" in eva.last.text
        assert await machine.count(ticket) == 1
        await eva.taps("Seguir sin esto")
        await luis.says(f"/estado {code} en obra")
        assert "En obra" in (await eva.news())[-1].text
        assert (await eva.state()).talks == []


async def test_another_problem_beside_it_becomes_a_ticket_of_its_own(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        await reports(ana)
        await tells(eva)
        assert "Así lo va a ver" in (await eva.says("no"))[-1].text
        await eva.taps("Enviar")
        assert await machine.count(ticket) == 2
        assert await machine.count(supporter) == 0


async def test_what_is_far_of_another_kind_old_or_closed_is_not_asked_about(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana = machine.phone("luis"), machine.phone("ana")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        eva, leo, mia, zoe = (machine.phone(name) for name in ("eva", "leo", "mia", "zoe"))
        assert "Así lo va a ver" in (await tells(eva, away(-300))).text
        assert "Así lo va a ver" in (await tells(leo, story="hay una luminaria apagada acá")).text
        await machine.wait(31 * DAY)
        assert "Así lo va a ver" in (await tells(mia)).text
        await luis.says(f"/estado {code} rechazado es de otro")
        await machine.wait(-30 * DAY)
        assert "Así lo va a ver" in (await tells(zoe)).text


@pytest.mark.parametrize(("changes", "asks"), [({"nearby_m": 0}, False), ({"nearby_m": 400}, True)])
async def test_how_near_is_near_stands_in_the_pack(sqlite_url: str, changes: dict[str, int], asks: bool) -> None:
    async with Machine(sqlite_url, pack=pack_with(**changes)) as machine:
        await reports(machine.phone("ana"))
        asked = await tells(machine.phone("eva"), away(-300 if asks else 0))
        assert ("¿Es este?" in asked.text) is asks


async def test_of_several_each_may_be_chosen(database_url: str) -> None:
    async with Machine(database_url) as machine:
        near, far = await reports(machine.phone("ana"), away(5)), await reports(machine.phone("leo"), away(120))
        eva = machine.phone("eva")
        asked = await tells(eva)
        assert "1. en ese lugar" in asked.text
        assert "2. a 120 m" in asked.text
        await eva.taps("Me sumo al 2")
        assert [row.ticket for row in await machine.rows(select(supporter.c.ticket))] == [far]
        assert near != far


async def test_a_place_that_is_changed_at_the_preview_is_looked_around_anew(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"))
        await reports(machine.phone("leo"), away(-1000))
        eva = machine.phone("eva")
        await tells(eva)
        await eva.taps("Es otro")
        await eva.taps("Cambiar el lugar")
        assert "¿Es este?" in (await eva.sends(place=away(-1000)))[-1].text
        await eva.taps("Es otro")
        assert "Así lo va a ver" in eva.last.text


async def test_a_pin_sent_at_the_preview_is_looked_around_too(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"), away(-1000))
        eva = machine.phone("eva")
        await tells(eva)
        assert "¿Es este?" in (await eva.sends(place=away(-1000)))[-1].text


async def test_words_that_are_no_answer_are_kept_and_the_question_stands(database_url: str) -> None:
    async with Machine(database_url) as machine:
        code = await reports(machine.phone("ana"))
        eva = machine.phone("eva")
        await tells(eva)
        assert "¿Es este?" in (await eva.says("ya se cayeron dos motos ahí"))[-1].text
        await eva.says("sí")
        entries = await machine.rows(select(ticket_update.c.words).where(ticket_update.c.ticket == code))
        assert "dos motos" in str([row.words for row in entries])


async def test_a_twin_that_was_closed_meanwhile_leaves_the_report_as_it_was(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana, eva = machine.phone("ana"), machine.phone("eva")
        code = await reports(ana)
        await tells(eva)
        await ana.says(f"/retirar {code}")
        await ana.says("sí")
        said = (await eva.says("sí"))[-1].text
        assert "se cerró mientras tanto" in said
        assert "Así lo va a ver" in said
        await eva.taps("Enviar")
        assert await machine.count(ticket) == 2


@pytest.mark.parametrize(
    ("accuracy", "words", "told"),
    [(5.0, "", "en ese lugar,"), (300.0, "frente a la escuela", "cerca de ahí (frente a la escuela)")],
)
async def test_of_a_place_that_is_only_roughly_known_no_metres_are_told(
    sqlite_url: str, accuracy: float, words: str, told: str
) -> None:
    async with Machine(sqlite_url) as machine:
        palermo = Place(lat=-34.5800, lon=-58.4200, source="pin")
        await reports(machine.phone("ana"), msgspec.structs.replace(palermo, accuracy=accuracy, words=words))
        assert told in (await tells(machine.phone("eva"), palermo)).text


# What she adds


async def test_what_she_told_and_showed_already_is_added_to_the_ticket_for_the_official(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, ana, eva = machine.phone("luis"), machine.phone("ana"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        code = await reports(ana)
        await luis.news()
        await eva.photo("good2", caption="hay un bache tremendo, rompí la cubierta")
        await eva.sends(place=CONGRESS)
        await eva.taps("Me sumo")
        (told,) = await luis.news()
        assert "se sumó 1 persona" in told.text
        assert "rompí la cubierta" in told.text
        assert len(told.media) == 1
        row = (await machine.rows(select(ticket_media).where(ticket_media.c.update_seq == 2)))[0]
        assert row.ticket == code


async def test_who_has_told_nothing_yet_may_add_a_photo_after_joining_or_leave_it(database_url: str) -> None:
    async with Machine(database_url) as machine:
        code = await reports(machine.phone("ana"))
        for name, add in (("eva", True), ("leo", False)):
            phone = machine.phone(name)
            await phone.says("bache")
            await phone.sends(place=CONGRESS)
            await phone.taps("Me sumo")
            assert "¡Te sumaste" in phone.last.text
            assert await machine.count(supporter) == (1 if add else 2), "she has joined, whatever comes"
            if add:
                assert "se lo pasé" in (await phone.photo())[-1].text
            else:
                assert "Te aviso" in (await phone.says("no"))[-1].text
        assert await machine.count(ticket_media, ticket_media.c.ticket == code) == 1


async def test_her_own_report_is_recognised_and_only_added_to(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        code = await reports(ana)
        asked = await tells(ana, story="sigue el bache enorme en la esquina")
        assert "ya reportaste" in asked.text
        await ana.taps("Es lo mismo")
        assert await machine.count(ticket_update, ticket_update.c.ticket == code) == 2, "told at once"
        assert "Se lo pasé" in (await ana.photo())[-1].text
        assert await machine.count(supporter) == 0
        assert await machine.count(ticket_update, ticket_update.c.ticket == code) == 3


async def test_who_joined_already_is_not_counted_twice(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"))
        eva = machine.phone("eva")
        for _ in range(2):
            await tells(eva)
            await eva.taps("Me sumo")
            await eva.says("no")
        assert await machine.count(supporter) == 1
        assert await machine.count(ticket) == 1


async def test_a_redelivered_yes_joins_once(database_url: str) -> None:
    async with Machine(database_url) as machine:
        await reports(machine.phone("ana"))
        eva = machine.phone("eva")
        await tells(eva)
        yes = eva.message("sí")
        await machine.take(yes, yes)
        await machine.restart()
        await machine.take(yes)
        await machine.settle()
        assert await machine.count(supporter) == 1
        assert await machine.count(ticket_update) == 2


# Leaving


async def test_one_word_leaves_the_ticket_just_spoken_about(database_url: str) -> None:
    async with Machine(database_url) as machine:
        luis, eva = machine.phone("luis"), machine.phone("eva")
        await machine.appoint(luis, BODY)
        first = await reports(machine.phone("ana"))
        second = await reports(machine.phone("leo"), away(-1000))
        for place in (CONGRESS, away(-1000)):
            await tells(eva, place)
            await eva.taps("Me sumo")
            await eva.says("no")
        await luis.says(f"/estado {first} en obra")
        await eva.news()
        await eva.says("salgo")
        assert f"{first[:4]}-{first[4:]}" in eva.last.text
        assert [row.ticket for row in await machine.rows(select(supporter.c.ticket))] == [second]
        await luis.says(f"/estado {first} resuelto")
        assert await eva.news() == []


async def test_who_joined_none_leaves_none(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        eva = machine.phone("eva")
        await eva.says("hola")
        assert "No te sumaste a ningún" in (await eva.says("salgo"))[0].text


# By SMS


def with_sms(url: str) -> Machine:
    return Machine(url, variant=lambda account: account.partition(":")[0] if account.startswith("sms") else "")


def by_sms(machine: Machine, who: str) -> Phone:
    return machine.phone(who, account="sms:+1")


async def test_one_sms_that_tells_all_is_asked_only_about_what_is_really_near(database_url: str) -> None:
    async with with_sms(database_url) as machine:
        await reports(machine.phone("ana"))
        eva, leo = by_sms(machine, "+5491155550001"), by_sms(machine, "+5491155550002")
        assert CONGRESS.lat is not None
        far, near = CONGRESS.lat + 150 * METRE, CONGRESS.lat + 20 * METRE
        said = await eva.says(f"hay un bache enorme en el carril derecho de la calle, {far:.5f}, {CONGRESS.lon}")
        assert "¿Es ese?" not in said[-1].text
        said = await leo.says(f"hay un bache enorme en el carril derecho de la calle, {near:.5f}, {CONGRESS.lon}")
        assert "¿Es ese? Si es otro, mando el tuyo." in said[-1].text
        assert len(said) == 1
        assert said[-1].media == ()


async def test_no_is_enough_by_sms_to_have_the_report_sent(database_url: str) -> None:
    async with with_sms(database_url) as machine:
        await reports(machine.phone("ana"))
        leo = by_sms(machine, "+5491155550002")
        await leo.says(f"hay un bache enorme en el carril derecho de la calle, {CONGRESS.lat}, {CONGRESS.lon}")
        assert "Tu reclamo es" in (await leo.says("no"))[-1].text
        assert await machine.count(ticket) == 2


async def test_yes_by_sms_joins_with_what_was_written_and_asks_nothing_more(database_url: str) -> None:
    async with with_sms(database_url) as machine:
        await reports(machine.phone("ana"))
        leo = by_sms(machine, "+5491155550002")
        await leo.says(f"hay un bache enorme en el carril derecho de la calle, {CONGRESS.lat}, {CONGRESS.lon}")
        said = await leo.says("1")
        assert len(said) == 1
        assert "te sumaste" in said[0].text
        words = [row.words for row in await machine.rows(select(ticket_update.c.words))]
        assert "carril derecho" in words[-1]
        assert (await leo.state()).talks == []


# The officials


async def test_the_official_sees_the_number_grow_and_is_alerted_once(database_url: str) -> None:
    async with Machine(database_url, pack=pack_with(alert=2)) as machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await reports(machine.phone("ana"))
        await luis.news()
        alerts: list[int] = []
        for number in range(4):
            await machine.phone(f"p{number}").says(f"me sumo {code}")
            alerts.append(sum("👥" in text for text in texts(await luis.news())))
        fickle = machine.phone("p3")
        await fickle.says(f"salgo {code}")
        await fickle.says(f"me sumo {code}")
        assert [*alerts, len(await luis.news())] == [0, 1, 0, 0, 0]
        assert "se sumaron 4 personas" in (await luis.says("/bandeja"))[-1].text
        assert "se sumaron 4 personas" in (await luis.says(f"/ver {code}"))[-1].text


async def test_a_body_that_wants_no_alerts_has_none(sqlite_url: str) -> None:
    async with Machine(sqlite_url, pack=pack_with(alert=0)) as machine:
        luis = machine.phone("luis")
        await machine.appoint(luis, BODY)
        code = await reports(machine.phone("ana"))
        await luis.news()
        for number in range(12):
            await machine.phone(f"p{number}").says(f"me sumo {code}")
        assert await luis.news() == []


# What it costs


async def test_reports_that_find_nothing_nearby_cost_one_look_each_and_write_together(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        statements: list[str] = []
        event.listen(
            machine.database.engine.sync_engine,
            "before_cursor_execute",
            lambda c, cur, sql, *rest: statements.append(sql),
        )
        costs = []
        for count in (10, 20):
            phones = [machine.phone(f"{count}-{n}") for n in range(count)]
            await machine.take(*(phone.message(STORY) for phone in phones))
            statements.clear()
            await machine.take(*(phone.message(place=away(n)) for n, phone in enumerate(phones)))
            looks = [sql for sql in statements if "ticket.cell IN" in sql]
            costs.append(len(statements) - len(looks))
            assert len(looks) == count
        assert costs[1] <= costs[0] + 1
        assert await machine.count(outbox, outbox.c.kind == "message") == 60
