"""Nothing of one person ever shows to another: what a curious, a wrong and a patient stranger try, and do not get."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from bot.messages import Contact, Outbound
from handlers import COMMANDS
from storage.phones import CODE_VALID, MOST_A_DAY, MOST_TRIES
from storage.schema import address, joining, outbox, phone_proof, supporter, ticket
from tests.handset import Phone
from tests.machine import HOUR, Machine, texts
from tests.numbers.proving import (
    BODY,
    NUMBER,
    SMS,
    TYPED,
    WHATSAPP,
    code_at,
    owner,
    prove,
    report,
    reports,
    sms,
    sms_machine,
    telegram,
)

SECRETS = (NUMBER, NUMBER[1:], "en 1234 ", "@anita", "timbre roto de mi casa")


@pytest.fixture
async def machine(sqlite_url: str) -> AsyncIterator[Machine]:
    async with sms_machine(sqlite_url) as machine:
        yield machine


def shown(said: Iterable[Outbound]) -> str:
    """Everything that a message shows: words, buttons, places."""
    return "\n".join(f"{out.text} {[option.shown for option in out.options]} {out.place}" for out in said)


async def victim(machine: Machine) -> tuple[Phone, str]:
    """Somebody with two chats, a proved number, a report and a draft that nobody else knows; and the report's code."""
    hers, ana = sms(machine), telegram(machine)
    await hers.says("ayuda")
    code = await report(ana)
    await prove(machine, ana, fallback="sí")
    await ana.says("el timbre roto de mi casa, avisen a @anita")
    return ana, code


async def test_no_command_with_the_code_of_another_does_or_tells_what_is_hers(machine: Machine) -> None:
    _, code = await victim(machine)
    before = await machine.rows(select(ticket))
    for name in COMMANDS:
        eva = telegram(machine, f"eva-{name}")
        said = await eva.says(f"/{name} {code}")
        said += await eva.says("sí")
        assert not [secret for secret in SECRETS if secret in shown(said)], name
    assert await machine.rows(select(ticket)) == before
    # Whoever knows a public code may say "it happens to me too": that shows her nothing more.
    joined = select(address.c.external).join(supporter, supporter.c.address_id == address.c.id)
    assert [row.external for row in await machine.rows(joined)] == ["eva-join"]


@pytest.mark.parametrize("name", ["reply", "fixed", "withdraw"])
async def test_what_only_the_reporter_may_do_is_refused_to_everybody_else(machine: Machine, name: str) -> None:
    _, code = await victim(machine)
    eva = telegram(machine, "eva")
    (refused,) = await eva.says(f"/{name} {code}")
    assert refused.options == ()
    assert (await eva.state()).talks == [], "nothing is asked of her"


@pytest.mark.parametrize("words", ["mis reclamos", "contestar", "retirar reclamo", "arreglado", "estado", "/view"])
async def test_what_lists_reports_lists_no_report_of_another(machine: Machine, words: str) -> None:
    _, code = await victim(machine)
    for stranger in (telegram(machine, "eva"), sms(machine, "+5491166666666")):
        said = shown(await stranger.says(words))
        assert code[:4] not in said
        assert f"{code[:4]}-{code[4:]}" not in said


async def test_answering_a_message_of_another_is_no_answer_to_it(machine: Machine) -> None:
    ana, code = await victim(machine)
    here = outbox.c.address_id == (await ana.row()).address_id
    named = update(outbox).where(here).values(provider_id="m-7", ticket=code)
    await machine.work(lambda work: work.execute(named))
    for stranger in (telegram(machine, "eva"), telegram(machine, "-100/eva"), machine.phone("77", account=WHATSAPP)):
        said = await stranger.says("y esto qué es?", reply_to="m-7")
        assert code[:4] not in shown(said)
        assert all(talk.name != "reply" for talk in (await stranger.state()).talks)
    assert code[:4] in shown(await ana.says("y esto qué es?", reply_to="m-7")), "her own reply is one"


async def test_the_buttons_of_another_open_nothing(machine: Machine) -> None:
    ana, code = await victim(machine)
    taps = {option.tap for out in await ana.everything() for option in out.options if not option.tap.startswith("@")}
    assert taps
    for number, tap in enumerate(sorted(taps)):
        eva = telegram(machine, f"eva{number}")
        said = await eva.sends(tapped=tap)
        assert not [secret for secret in SECRETS if secret in shown(said)], tap
    assert await machine.count(ticket) == 1
    assert await machine.one(select(ticket.c.status)) == "received"
    assert code


async def test_a_draft_is_offered_to_nobody_else(machine: Machine) -> None:
    await victim(machine)
    strangers = [telegram(machine, "eva"), sms(machine, "+5491166666666"), machine.phone("77", account=WHATSAPP)]
    for stranger in strangers:
        for words in ("hola", "seguir"):
            assert "a medio hacer" not in shown(await stranger.says(words))
            await stranger.says("cancelar")


async def test_a_typed_number_joins_nothing_without_the_code(machine: Machine) -> None:
    ana, _ = await victim(machine)
    eva = telegram(machine, "eva")
    await eva.says("teléfono")
    said = await eva.says(TYPED)
    said += await eva.says("000000")
    said += await eva.says("cancelar")
    assert "Todavía no hiciste" in await reports(eva)
    assert await owner(machine, eva) != await owner(machine, ana)


async def test_whether_a_number_is_known_is_not_told(machine: Machine) -> None:
    await victim(machine)
    heard = []
    for who, number in (("eva", NUMBER), ("eve", "+5491166661234")):
        phone = telegram(machine, who)
        await phone.says("teléfono")
        heard.append(texts([*await phone.says(number), *await phone.says("000000")]))
    assert heard[0] == heard[1]


async def test_a_wrong_code_an_old_one_and_a_used_one_join_nothing(machine: Machine) -> None:
    ana, _ = await victim(machine)
    used = await used_code(machine)
    before = await machine.count(joining)
    await machine.wait(2 * HOUR)
    eva = telegram(machine, "eva")
    await eva.says("teléfono")
    await eva.says(TYPED)
    fresh = await code_at(machine)
    assert used != fresh
    assert "no es" in (await eva.says(used))[0].text
    assert "no es" in (await eva.says(f"{(int(fresh) + 1) % 10**6:06d}"))[0].text
    await machine.wait(CODE_VALID)
    assert "venció" in (await eva.says(fresh))[0].text
    assert await owner(machine, eva) != await owner(machine, ana)
    assert await machine.count(joining) == before


async def used_code(machine: Machine) -> str:
    """A code that was good once, in a chat that parted again."""
    there = machine.phone("AR.abc", account=WHATSAPP)
    await there.says("teléfono")
    await there.says(TYPED)
    code = await code_at(machine)
    await there.says(code)
    await there.says("separar")
    return code


async def test_the_code_of_one_chat_is_good_for_no_other(machine: Machine) -> None:
    hers, ana, eva = sms(machine), telegram(machine), telegram(machine, "eva")
    await report(hers)
    for phone in (ana, eva):
        await phone.says("teléfono")
        await phone.says(TYPED)
    code = await code_at(machine)
    assert "no es" in (await ana.says(code))[0].text, "it was sent for the other chat"
    assert "Todavía no hiciste" in shown(await ana.says("mis reclamos"))
    assert "es tuyo" in (await eva.says(code))[0].text


async def test_the_code_for_one_number_proves_no_other(machine: Machine) -> None:
    own, ana = "+5491166666666", telegram(machine)
    await report(sms(machine))
    await ana.says("teléfono")
    await ana.says(own)
    code = await code_at(machine, own)
    await ana.says("cancelar")
    await ana.says("teléfono")
    await ana.says(TYPED)
    assert "no es" in (await ana.says(code))[0].text
    assert await owner(machine, ana) != await owner(machine, sms(machine))


async def test_guessing_from_many_chats_gets_fifty_guesses_a_day(machine: Machine) -> None:
    hers = sms(machine)
    await report(hers)
    guesses = 0
    for number in range(60):
        eva = telegram(machine, f"eva{number}")
        await eva.says("teléfono")
        said = await eva.says(TYPED)
        while ("SMS" in said[0].text and "6 números" in said[0].text) or "no es" in said[0].text:
            said = await eva.says(f"{guesses:06d}")
            guesses += 1
        await machine.wait(HOUR / 4)
    assert guesses == MOST_A_DAY * MOST_TRIES
    assert await machine.one(select(func.sum(phone_proof.c.tries))) == guesses
    assert await machine.count(joining) == 0


async def test_the_sim_of_an_earlier_owner_shared_by_telegram_shows_nothing_of_the_new_one(machine: Machine) -> None:
    """Telegram goes on calling a number hers that somebody else has by now."""
    hers, eva = sms(machine), telegram(machine, "eva")
    code = await report(hers)
    for answer in ("no", "sí"):
        await eva.says("teléfono")
        said = await eva.sends(contact=Contact(NUMBER[1:], own=True))
        said += await eva.says(answer)
        said += await eva.says("000000")
        await eva.says("cancelar")
        assert code[:4] not in shown([*said, *await eva.says("mis reclamos"), *await eva.says("hola")])
        await eva.says("cancelar")
    await hers.news()
    assert "Todavía no hiciste" in await reports(eva)
    await report(eva, "el semáforo está apagado")
    assert code[:4] in await reports(hers)
    assert (await reports(hers)).count("punto en el mapa") == 1, "and nothing of hers to the new owner"


@pytest.mark.parametrize("leaving", ["ana", "hers"])
async def test_after_parting_each_sees_and_does_nothing_of_the_other(machine: Machine, leaving: str) -> None:
    hers, ana, luis = sms(machine), telegram(machine), machine.phone("luis")
    await machine.appoint(luis, BODY)
    by_sms, by_chat = await report(hers), await report(ana)
    await prove(machine, ana, fallback="sí")
    await ana.says("el timbre roto de mi casa")
    await (ana if leaving == "ana" else hers).says("separar")
    for phone, foreign in ((ana, by_sms), (hers, by_chat)):
        await phone.news()
        for name in ("reply", "fixed", "withdraw"):
            said = await phone.says(f"/{name} {foreign}")
            assert said[0].options == (), (phone.who, name)
        assert foreign[:4] not in await reports(phone)
    assert "a medio hacer" not in shown(await hers.says("hola"))
    for foreign, told, other in ((by_sms, hers, ana), (by_chat, ana, hers)):
        await luis.says(f"/responder {foreign} vamos el jueves")
        assert "jueves" in shown(await told.news())
        assert "jueves" not in shown(await other.news())


async def test_a_phone_is_spoken_of_in_private_only(machine: Machine) -> None:
    there = telegram(machine, "-100/77")
    await prove(machine, telegram(machine))
    for words in ("/telefono", "/separar"):
        (said,) = await there.says(words)
        assert not [secret for secret in SECRETS if secret in shown([said])]
        assert (await there.state()).talks == []
    assert await owner(machine, sms(machine)) == await owner(machine, telegram(machine))


async def test_members_of_a_group_are_shown_nothing_of_each_other(machine: Machine) -> None:
    ana, _ = await victim(machine)
    assert ana.who == "77"
    for words in ("/misreclamos", "/reclamo", "hola", "seguir", "/telefono", "/contestar"):
        eva = telegram(machine, f"-100/eva{len(words)}")
        assert not [secret for secret in SECRETS if secret in shown(await eva.says(words))]


async def test_a_draft_from_a_private_chat_is_not_shown_to_a_group_nor_the_other_way_round(machine: Machine) -> None:
    ana, _ = await victim(machine)
    there = telegram(machine, "-100/77")
    for words in ("/reclamo", "hola", "seguir"):
        assert "timbre" not in shown(await there.says(words))
        assert "a medio hacer" not in shown(await there.everything())
    await ana.says("cancelar")
    assert "a medio hacer" not in shown(await sms(machine).says("seguir"))


async def test_who_is_joined_is_told_which_channel_and_nothing_more(machine: Machine) -> None:
    hers, ana = sms(machine), telegram(machine, "a-name-of-hers")
    await hers.says("ayuda")
    await prove(machine, ana)
    told = texts(await hers.news())[-1]
    assert "Telegram" in told
    assert "a-name-of-hers" not in told
    assert not re.search(r"\d{4}", told)


async def test_a_code_goes_to_the_number_and_nowhere_else(machine: Machine) -> None:
    ana = telegram(machine)
    with capture_logs() as logs:
        await ana.says("teléfono")
        await ana.says(TYPED)
        code = await code_at(machine)
        await ana.says("111111")
    assert code not in shown(await ana.everything())
    assert code not in str(logs)
    assert NUMBER not in str(logs)
    holders = [name for name, rows in (await machine.dump()).items() if code in str(rows)]
    assert holders == ["outbox"]
    where = select(outbox.c.account).where(outbox.c.payload.contains(code))
    assert [row.account for row in await machine.rows(where)] == [SMS]
