"""Words, photos and voice notes that come to a ticket later, for those who work on it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.answers import Said, Took, Unclear
from bot.questions import Photos, Words
from handlers.codes import ask_ticket
from handlers.followers import append, follows
from handlers.lengths import fit_words, tell_cut
from handlers.targets import way_back
from handlers.views import body_name
from locales import fold
from routing.alarms import find_alarms
from storage import evidence, merging
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.conversation import Chat
    from bot.messages import Media
    from locales import Catalog
    from storage.tickets import Ticket

MOST_WORDS = 1500
LISTENS_FOR = 86400.0
# Who has just said something of a ticket goes on about that one: so many messages, for so long.
MOST_MORE = 6
GOES_ON_FOR = 1800.0


class Answering(Words):
    """Words that it `takes` for an answer, or a file; anything else is heard as if nobody had listened."""

    loose = True

    def __init__(self, takes: Callable[[str], bool]) -> None:
        super().__init__(most=MOST_WORDS)
        self.takes = takes

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        text = said.text.strip()
        if said.place or not (text or said.media) or not self.takes(text):
            return Unclear("unclear-words")
        return Took(self.fit(text), frozenset({"text"}))


async def add_photo(chat: Chat) -> None:
    """`/agregarfoto CODE`: whoever reported or joined shows more of it, while it is open or was resolved lately."""
    if (named := await ask_ticket(chat)) is None:
        return None
    ticket = await merging.lead(chat.work, named)
    code = show_code(ticket.code)
    if not await follows(chat, ticket):
        return await chat.say("not-yours", code=code)
    if not await chat.recall("room", lambda: evidence.room_for(chat.work, ticket)):
        return await chat.say(_why_full(chat, ticket), code=code, most=evidence.MOST_PHOTOS)
    photos = await chat.ask("photo", Photos("ask-photo-of", code=code))
    asked = Words("ask-answer", quiet=True, most=MOST_WORDS, code=code)
    words = await chat.ask("words", asked)
    tell_cut(chat, asked)
    return await _keep(chat, ticket, words, photos)


async def answer(
    chat: Chat, ticket: Ticket, text: str, values: dict[str, Any], media: tuple[str, ...], words: str = ""
) -> None:
    """Hear what she has to say of it, asked with the message `text`, and pass it on."""
    words = await fit_words(chat, ticket, words, MOST_WORDS)
    if not words:
        asked = Words(text, most=MOST_WORDS, or_files=True, media=media, **values)
        words = await chat.ask("answer", asked)
        tell_cut(chat, asked)
    return await _keep(chat, ticket, words, await chat.ask("answer-photos", Photos(quiet=True)))


async def hear_more(chat: Chat, ticket: Ticket) -> None:
    """What she sends after what she said of a ticket belongs to it: the photo that was invited, one word more."""
    until = await chat.recall("more-until", lambda: chat.now + GOES_ON_FOR)
    for number in range(MOST_MORE):
        more = chat.part(f"more-{number}")
        answering = Answering(partial(_goes_on, chat, ticket, until))
        words = await more.listen("heard", answering)
        tell_cut(more, answering)
        await _keep(more, ticket, words, await more.ask("photos", Photos(quiet=True)))


async def hear_on(chat: Chat, ticket: Ticket) -> None:
    """Where nobody can quote a message, what she says to an official's words within a day is for that official."""
    until = await chat.recall("until", lambda: chat.now + LISTENS_FOR)
    answering = Answering(partial(_answers, chat, until))
    words = await chat.listen("heard-on", answering)
    tell_cut(chat, answering)
    return await _keep(chat, ticket, words, await chat.ask("answer-photos", Photos(quiet=True)))


def _goes_on(chat: Chat, ticket: Ticket, until: float, text: str) -> bool:
    """False for what comes too late, is thanks or a digit, alarms, or tells of something else in another place."""
    if chat.now > until or (text and _is_small(chat, text)):
        return False
    meant = chat.pack.recognition.suggest(text, chat.language, learned=chat.learned) if text else ()
    if ticket.category in meant:
        return True
    return not (find_alarms(text) or (meant and chat.pack.places.address(text, chat.language)))


def _answers(chat: Chat, until: float, text: str) -> bool:
    """False for what is thanks, a digit, or the beginning of another report."""
    reports = chat.pack.recognition.suggest(text, chat.language, learned=chat.learned) or chat.pack.places.address(
        text, chat.language
    )
    return not text or (chat.now <= until and not _is_small(chat, text) and not reports)


def _is_small(chat: Chat, text: str) -> bool:
    folded, words = fold(text), chat.words
    small = folded.isdecimal() or folded in {*words.yes, *words.no, *words.skip}
    return small or not words.without_greeting(text)


async def _keep(chat: Chat, ticket: Ticket, words: str, sent: Sequence[Media]) -> None:
    if ticket.status == "withdrawn" and not chat.did("answered"):
        return await chat.say("withdrawn-already", code=show_code(ticket.code))
    files = await chat.recall("fitting", lambda: _fitting(chat, ticket, sent))
    if len(files) < len(sent):
        chat.remark(_why_full(chat, ticket), code=show_code(ticket.code), most=evidence.MOST_PHOTOS)
    if not (words or files):
        return await chat.say("nothing-added", code=show_code(ticket.code))
    await chat.do("answered", lambda: _pass_on(chat, ticket, words, tuple(files)))
    return await chat.say(
        "answer-passed-on", code=show_code(ticket.code), body=body_name(chat, ticket.body), ticket=ticket.code
    )


async def _fitting(chat: Chat, ticket: Ticket, sent: Sequence[Media]) -> list[str]:
    """The files for which there is room; what she says with her voice is words."""
    room = await evidence.room_for(chat.work, ticket)
    shown = [each for each in sent if each.kind != "voice"]
    return [each.id for each in sent if each.kind == "voice" or each in shown[:room]]


def _why_full(chat: Chat, ticket: Ticket) -> str:
    return "photos-enough" if evidence.takes_files(ticket, chat.now) else "photos-late"


async def _pass_on(chat: Chat, ticket: Ticket, words: str, files: tuple[str, ...]) -> int:
    back = await way_back(chat.work, ticket)
    return (await append(chat, ticket, status=back, words=words, media=files)).update_seq
