"""WhatsApp and SMS with the real process: from a phone to an official and back, through a stop in the middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.receipts import ARRIVED, RANK
from tests.audit import Audit, until_idle
from tests.fakes.telegram import FakeTelegram
from tests.fakes.twilio import FakeTwilio
from tests.robots import CODE, picture, tap
from tests.whole import Whole, until

# The city's centre: comuna 1 of the demo pack.
PLACE = (-34.6037, -58.3816)
WAYS = ("sms:", "whatsapp:")

pytestmark = pytest.mark.slow


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


async def test_a_grandmother_reports_by_sms_and_an_official_answers_from_telegram(
    twilio: FakeTwilio, tmp_path: Path
) -> None:
    async with FakeTelegram() as telegram, Whole(tmp_path, telegram, twilio=twilio) as whole:
        official, ana = telegram.user(50, first_name="Oficial"), twilio.phone("+5491155550001")
        official.says(await whole.invite("comuna-1"))
        await official.next_with("Comuna 1")
        await until(lambda: bool(twilio.listeners["sms"][0]))

        ana.says("hola")
        assert "1 Calles" in (await ana.next_with("MAS")).text
        ana.says("1")
        await ana.next_with("1 Bache o hundimiento")
        ana.says("1")
        await ana.next_with("¿Donde es?")
        ana.says("CORRIENTES Y FLORIDA, MICROCENTRO")
        await ana.next_with("¿Como es?")
        ana.says("Enorme, en el carril derecho")
        preview = await ana.next_with("Enorme, en el carril derecho")
        assert "1 Enviar" in preview.text
        # She has decided when the process is asked to stop: what it holds it ends, the rest comes after.
        ana.says("1")
        await whole.stop()
        await whole.start()
        sent = await ana.next_with("Tu reclamo es")
        code = CODE.search(sent.text)[0]  # type: ignore[index]

        new = await official.next_with("🆕")
        tap(official, new, "Tomar")
        await ana.next_with(code)
        official.replies(new, "¿De qué mano es?")
        await ana.next_with("¿De qué mano es?")
        official.says(f"/estado {code} resuelto lo tapamos")
        await ana.next_with("arreglado?")
        ana.says("1")
        assert code in (await ana.next_with("confirmado")).text
        await until_idle(whole.database_url)
        await twilio.settled()
        costs = (await whole.run("costs")).splitlines()
        metrics = (await whole.get("/metrics"))[1]
    since_the_start = re.search(rf'baldosa_segments_total{{account="sms:\{twilio.sms_from}"}} (\S+)', metrics)
    assert since_the_start
    assert 0 < float(since_the_start[1]) < sum(message.segments for message in twilio.sent())
    segments = sum(message.segments for message in twilio.sent())
    assert all(shown.segments <= 2 for shown in ana.chat)
    assert costs[-1].split() == ["total", str(len(twilio.sent())), str(segments)]
    await _expect_kept(whole, twilio, telegram)
    assert [row.words for row in (await Audit.of(whole.database_url, telegram)).rows["ticket"]] == [
        "Enorme, en el carril derecho"
    ]


async def test_a_report_by_whatsapp_reaches_an_official_on_sms(twilio: FakeTwilio, tmp_path: Path) -> None:
    async with Whole(tmp_path, twilio=twilio) as whole:
        official, luz = twilio.phone("+5491155550009"), twilio.whatsapp(user_id="AR.luz1", name="Luz")
        await until(lambda: bool(twilio.listeners["sms"][0]))
        official.says(await whole.invite("comuna-1"))
        await official.next_with("Comuna 1")

        luz.says("hola")
        assert (await luz.next_with("¿De qué se trata?")).kind == "list"
        luz.taps("Calles")
        assert (await luz.next_with("¿qué es exactamente?")).kind == "buttons"
        luz.taps("Bache o hundimiento")
        await luz.next_with("¿Dónde es?")
        luz.sends_location(*PLACE)
        await luz.next_with("¿Cómo es?")
        luz.sends_photos([picture(1), picture(2)], "Enorme, en el carril derecho")
        preview = await luz.next_with("Enorme, en el carril derecho")
        assert "📷 2 fotos" in preview.text
        assert luz.seen_typing
        luz.taps("Enviar")
        await whole.stop()
        await whole.start()
        code = CODE.search((await luz.next_with("Tu reclamo es")).text)[0]  # type: ignore[index]
        # Copied here, and then deleted there.
        await until(lambda: not any(twilio.files.of(message.sid) for message in twilio.messages))

        bare = code.replace("-", "")
        assert f"TOMAR {bare}" in (await official.next_with(code)).text
        official.says(f"TOMAR {bare}")
        await luz.next_with("Visto")
        official.says(f"RESPONDER {bare} ¿De qué mano es?")
        luz.replies(await luz.next_with("¿De qué mano es?"), "De la derecha")
        await official.next_with("De la derecha")
        official.says(f"ESTADO {bare} RESUELTO lo tapamos")
        await luz.next_with("¿Quedó arreglado?")
        luz.taps("No")
        await official.next_with(code)
        luz.sends_photo(picture(3), "Quedó un escalón")
        await official.next_with("Quedo un escalon")
        await luz.next_with("sigue abierto")
        luz.reads()
        await until_idle(whole.database_url)
        await twilio.settled()
        status, page = await whole.get(f"/t/{code}")
        assert status == 200
        assert "Quedó un escalón" in page
    await _expect_kept(whole, twilio)


async def test_an_official_on_whatsapp_gets_the_photos_by_a_link_of_ours(twilio: FakeTwilio, tmp_path: Path) -> None:
    async with Whole(tmp_path, twilio=twilio) as whole:
        official, luz = twilio.whatsapp("+5491155550009"), twilio.whatsapp("+5491155550002")
        official.says(await whole.invite("comuna-1"))
        await official.next_with("Comuna 1")
        luz.sends_photo(picture(4), "hay un bache enorme que rompe todo")
        await luz.next_with("¿Dónde es?")
        luz.sends_location(*PLACE)
        await luz.next_with("📷 1 foto")
        luz.taps("Enviar")
        await luz.next_with("Tu reclamo es")
        await official.next_with("🆕")
        shown = [each for each in official.chat if each.files or each.place]
        assert [len(each.files) for each in shown] == [1, 0]
        assert shown[1].place == pytest.approx(PLACE)
        official.taps("Tomar")
        await luz.next_with("Visto")
        await until_idle(whole.database_url)
        await twilio.settled()
    await _expect_kept(whole, twilio)


async def _expect_kept(whole: Whole, twilio: FakeTwilio, telegram: FakeTelegram | None = None) -> None:
    """Nothing hangs, and of each message it is known how far it came, as far as that was told."""
    audit = await Audit.of(whole.database_url, telegram)
    audit.expect_nothing_left()
    said = {row.provider_id: row.receipt for row in audit.rows["outbox"] if row.account.startswith(WAYS) and row.seq}
    told: dict[str, str] = {}
    for each in twilio.webhooks.deliveries:
        if (status := each.params.get("MessageStatus")) and each.status == 204:
            told[each.params["MessageSid"]] = max(status, told.get(each.params["MessageSid"], ""), key=_rank)
    assert said == {sid: told.get(sid, "") for sid in said}
    # But for what was told while nobody listened.
    missed = {each.params["MessageSid"] for each in twilio.webhooks.deliveries if each.status != 204}
    assert {sid for sid, receipt in said.items() if receipt not in ARRIVED} <= missed


def _rank(status: str) -> int:
    return RANK.get(status, -1)
