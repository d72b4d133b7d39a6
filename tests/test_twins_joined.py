"""Who joins a ticket adds what she has, hears of every step and may leave; the officials see the number grow."""

from __future__ import annotations

from sqlalchemy import select

from storage.schema import supporter, ticket, ticket_media
from storage.schema import update as ticket_update
from tests.handset import Phone
from tests.machine import CONGRESS, Machine, texts
from tests.neighbours import BODY, METRE, away, pack_with, reports, tells

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
        await luis.says(f"/estado {first} resuelto lo tapamos")
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
