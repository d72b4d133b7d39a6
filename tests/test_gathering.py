"""Pictures come when they come: messages wait for theirs in order, an album is one answer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.gathering import ALBUM_PAUSE, FETCH_PATIENCE, Gathered, read_queue, settle_file, take_ready, write_queue
from bot.messages import Attachment, Inbound, Media
from storage.schema import media, ticket, ticket_media
from tests.handset import Phone
from tests.machine import CONGRESS, Machine, texts

NOW = 1000.0
PREVIEW = "Lo recibe"


def waiting(
    number: int, *, group: str = "", arrived: float = NOW, text: str = "", status: Any = "kept", files: int = 1
) -> Gathered:
    """Return a message that waits with a file; its key is the number."""
    inbound = Inbound(account="a", key=str(number), address="x", text=text, captioned=bool(text), group=group)
    found = tuple(Media(id=f"{number}-{n}", kind="photo", status=status) for n in range(files))
    return Gathered(inbound, found, arrived)


def taken(queue: list[Gathered], now: float) -> list[list[str]]:
    """Return which files are heard together at a time, message by message."""
    heard = []
    while ready := take_ready(queue, now):
        heard.append([each.id for each in ready.media])
    return heard


def test_a_message_is_heard_when_its_files_are_here() -> None:
    assert taken([waiting(1)], NOW) == [["1-0"]]
    assert taken([waiting(1, status="refused")], NOW) == [["1-0"]]
    assert taken([waiting(1, status="pending")], NOW) == []
    assert taken([], NOW) == []


def test_a_file_that_does_not_come_is_awaited_for_a_while() -> None:
    assert taken([waiting(1, status="pending")], NOW + FETCH_PATIENCE - 0.1) == []
    assert taken([waiting(1, status="pending")], NOW + FETCH_PATIENCE) == [["1-0"]]


def test_messages_are_heard_in_their_order_and_not_past_one_that_waits() -> None:
    queue = [waiting(1), waiting(2, status="pending"), waiting(3)]
    assert taken(queue, NOW) == [["1-0"]]
    assert [each.inbound.key for each in queue] == ["2", "3"]
    assert settle_file(queue, Media(id="2-0", kind="photo", status="kept"))
    assert taken(queue, NOW) == [["2-0"], ["3-0"]]


def test_an_album_is_heard_as_one_when_nothing_more_of_it_has_come_for_a_moment() -> None:
    queue = [waiting(1, group="g"), waiting(2, group="g", arrived=NOW + 1, text="a caption")]
    assert taken(queue, NOW + ALBUM_PAUSE) == []
    ready = take_ready(queue, NOW + 1 + ALBUM_PAUSE)
    assert ready
    assert [each.id for each in ready.media] == ["1-0", "2-0"]
    assert (ready.inbound.key, ready.inbound.text, ready.inbound.captioned) == ("1", "a caption", True)
    assert queue == []


def test_a_word_between_an_albums_parts_does_not_tear_it_apart() -> None:
    queue = [waiting(1, group="g"), waiting(2, files=0), waiting(3, group="g"), waiting(4, group="h")]
    assert taken(queue, NOW + ALBUM_PAUSE) == [["1-0", "3-0"], [], ["4-0"]]


def test_a_part_that_is_not_here_holds_back_its_album() -> None:
    queue = [waiting(1, group="g"), waiting(2, group="g", status="pending")]
    assert taken(queue, NOW + FETCH_PATIENCE - 0.1) == []
    assert taken(queue, NOW + FETCH_PATIENCE) == [["1-0", "2-0"]]


def test_a_file_that_nobody_waits_for_is_told_apart() -> None:
    assert not settle_file([waiting(1)], Media(id="9-0", kind="photo"))


def test_what_waits_survives_as_json() -> None:
    queue = [waiting(1, group="g", text="ñ\n"), waiting(2, status="pending")]
    assert read_queue(write_queue(queue)) == queue


# On the stage


async def draft(ana: Phone) -> None:
    """Go as far as the preview."""
    await ana.says("hay un bache enorme en la esquina")
    await ana.sends(place=CONGRESS)
    assert PREVIEW in ana.last.text


async def album(machine: Machine, ana: Phone, *refs: str, group: str = "g") -> None:
    for ref in refs:
        await machine.take(ana.message(attachments=(Attachment("photo", ref),), group=group))
        await machine.settle()
        machine.now += 0.3


@pytest.mark.parametrize("restarts", [False, True])
async def test_an_album_is_one_answer_with_one_reply(database_url: str, restarts: bool) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await draft(ana)
        await album(machine, ana, "good1", "good2", "good3")
        assert await ana.news() == []
        if restarts:
            await machine.restart()
        await machine.wait(2)
        (preview,) = await ana.news()
        assert "3 fotos" in preview.text


async def test_of_an_album_with_a_bad_picture_the_others_are_kept_and_it_is_said_once(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await draft(ana)
        await album(machine, ana, "good1", "bad1", "bad2")
        await machine.wait(2)
        (preview,) = texts(await ana.news())
        assert "1 foto" in preview
        assert preview.count("foto") <= 4
        await ana.says("dale")
        assert await machine.count(ticket_media) == 1


async def test_a_bad_picture_is_said_at_once_and_may_be_sent_again(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await draft(ana)
        await ana.taps("Sumar fotos")
        (reason,) = texts(await ana.photo("bad"))
        assert reason.endswith("un video o un audio."), "the question is asked again"
        assert "1 foto" in texts(await ana.photo("good"))[0]


async def test_what_is_said_after_a_slow_picture_waits_its_turn(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await machine.take(
            ana.message("hay un bache enorme", captioned=True, attachments=(Attachment("photo", "good"),))
        )
        await machine.take(ana.message(place=CONGRESS))
        assert await ana.news() == []
        await machine.restart()
        await machine.settle()
        said = texts(await ana.news())
        assert "Dónde es" in said[0]
        assert PREVIEW in said[-1]
        assert "1 foto" in said[-1]


async def test_a_caption_that_is_edited_while_its_picture_is_fetched_is_heard_as_edited(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        photo = ana.message("hay un vache", captioned=True, attachments=(Attachment("photo", "good"),), key="k-photo")
        await machine.take(
            photo, ana.message("hay un bache enorme", kind="edited", captioned=True, message="m-k-photo")
        )
        await machine.settle()
        assert "Dónde es" in texts(await ana.news())[0]
        await ana.sends(place=CONGRESS)
        assert "hay un bache enorme" in ana.last.text


async def test_a_picture_that_never_comes_does_not_hold_up_the_talk(database_url: str) -> None:
    async with Machine(database_url) as machine:
        ana = machine.phone("ana")
        await draft(ana)
        await ana.photo("never")
        assert await ana.news() == []
        await machine.wait(FETCH_PATIENCE - 1)
        assert await ana.news() == []
        await machine.wait(2)
        assert "1 foto" in texts(await ana.news())[0]
        await ana.says("dale")
        assert await machine.count(ticket) == 1


async def test_a_picture_that_turns_out_bad_later_is_said_and_shown_to_nobody(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana, luis = machine.phone("ana"), machine.phone("luis")
        await machine.appoint(luis, "comuna-3")
        await draft(ana)
        await ana.photo("never")
        await machine.wait(FETCH_PATIENCE + 1)
        await ana.says("dale")
        await ana.news()
        (row,) = await machine.rows(media.select())
        await machine.work(lambda work: work.execute(media.update().values(status="refused", reason="media-broken")))
        late = {"id": row.id, "kind": "photo", "status": "refused", "reason": "media-broken"}
        await machine.take(ana.message(kind="result", name="media", data={"media": late}))
        assert len(await ana.news()) == 1
        code = ana.heard[-2].ticket or ana.heard[-1].ticket
        assert (await luis.says(f"/ver {code}"))[-1].media == ()


async def test_a_photo_that_knows_where_it_was_taken_offers_the_place(sqlite_url: str) -> None:
    async with Machine(sqlite_url) as machine:
        ana = machine.phone("ana")
        await ana.photo("there", "hay un bache enorme en la esquina")
        assert "La foto trae una ubicación" in ana.last.text
        assert ana.last.place
        await ana.says("sí")
        assert PREVIEW in ana.last.text
        assert "Comuna 3" in ana.last.text
        asked = [(await ana.says("volver"))[-1].text for _ in range(3)]
        assert len(set(asked)) == 3, "each step back leads to another question, the agreed place to its own"
