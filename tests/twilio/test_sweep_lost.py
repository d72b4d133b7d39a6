"""What Twilio's list does not tell of a lost message is asked for again."""

from __future__ import annotations

from sqlalchemy import select

from bot.channels.twilio_api import Api
from bot.sweep import YOUNGEST, Sweep
from storage.schema import media
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.twilio.front import ACCOUNTS, LUZ, ROSA
from tests.twilio.sweeping import heard

JPEG = b"\xff\xd8\xff\xe0 a picture"


async def test_a_pin_that_was_lost_is_asked_for_again_with_the_question_that_waits(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    (asked,) = await luz.says("bache")
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    (again,) = await luz.news()
    assert again.text.startswith("No me llegó bien tu último mensaje.")
    assert again.text.endswith(asked.text.splitlines()[-1])
    assert again.options == asked.options


async def test_a_lost_pin_out_of_nowhere_is_answered_too_and_in_her_language(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    await luz.says("oi")
    await luz.says("/idioma português")
    await luz.says("/cancelar")
    await luz.news()
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    await sweep.sweep()
    assert "não chegou direito" in (await luz.news())[0].text


async def test_who_wants_no_messages_is_not_asked(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    await luz.sends(kind="opted_out", text="STOP")
    await luz.news()
    fake.whatsapp(LUZ).writes_nowhere("")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    assert await luz.news() == []


async def test_a_button_is_told_by_its_label(fake: FakeTwilio, machine: Machine, sweep: Sweep) -> None:
    fake.whatsapp(LUZ).writes_nowhere("Mandar")
    fake.pass_time(YOUNGEST + 1)
    await sweep.sweep()
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["Mandar"]


async def test_a_lost_photo_comes_with_its_file(fake: FakeTwilio, api: Api, machine: Machine, sweep: Sweep) -> None:
    fake.whatsapp(LUZ).sends_photo(JPEG, "la vereda")
    await fake.settled()
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 1
    (row,) = await machine.rows(select(media.c.ref, media.c.kind))
    assert row.kind == "photo"
    assert await api.media(row.ref, 1000) == JPEG
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["la vereda"]


async def test_a_message_whose_files_twilio_does_not_tell_holds_up_no_other_and_is_asked_for_again(
    fake: FakeTwilio, machine: Machine, sweep: Sweep
) -> None:
    luz = machine.phone(LUZ, account=ACCOUNTS["whatsapp"])
    fake.whatsapp(LUZ).sends_photo(JPEG)
    await fake.settled()
    fake.whatsapp(ROSA).writes_nowhere("después")
    fake.trouble.refuse(20404, "not found", status=404, calls=9, method="GET", path="/Media.json")
    fake.pass_time(YOUNGEST + 1)
    assert await sweep.sweep() == 2
    assert (await luz.news())[0].text.startswith("No me llegó bien tu último mensaje.")
    assert await heard(machine, ACCOUNTS["whatsapp"]) == ["", "después"]
    assert await sweep.sweep() == 0
