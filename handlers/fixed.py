""" "Was it fixed?": what those say who reported or joined it, and what follows; an answer may come at any time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.answers import Said, Took, Unclear
from bot.choices import Choice
from bot.questions import Item, Photos, Words
from handlers import notices
from handlers.adding import hear_more
from handlers.codes import ask_ticket, split_code
from handlers.followers import append, follows
from handlers.lengths import fit_words
from handlers.scoring import offer_score
from handlers.views import body_name, category_name, status_name
from locales import fold
from routing.silence import DAY, UNSURE_DAYS
from storage import evidence, fallback, merging, tickets, verdicts
from storage.codes import show_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from locales import Catalog
    from storage.deadlines import Entry
    from storage.tickets import Ticket
    from storage.verdicts import Answer, Voice
    from storage.work import Work

# Who could not tell is asked again when she may have passed by.
ASK_UNSURE_AFTER = UNSURE_DAYS * DAY
# Her own words instead of an answer. Fewer of them are a slip.
SAID = "said"
FEWEST_WORDS = 4
MOST_WORDS = 1500
_END = re.compile(r"[,.;:!\n]+")
_BUTTON = re.compile(r"(yes|no|unsure) (\d{1,9})", re.ASCII | re.IGNORECASE)


class Fixed(Choice):
    """Yes, no, or she cannot tell; "no, they left a hole" says more. A story is for those who work on it."""

    def __init__(self, items: tuple[Item, ...], text: str, *, loose: bool = False, **values: Any) -> None:
        super().__init__(items, text, columns=3, **values)
        self.loose = loose
        self.meaning = dict(zip(("yes", "no", "unsure"), (item.value for item in items), strict=True))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        value = said.tapped if self.valid(said.tapped) else self._typed(said.text, shown)
        if value is not None:
            return Took(value, frozenset({"text"}))
        if heard := read_verdict(said.text, words):
            return Took(self.meaning[heard[0]], frozenset({"text"}), heard[1])
        if len(said.text.split()) >= FEWEST_WORDS and not self.loose:
            return Took(SAID, frozenset({"text"}), said.text.strip())
        return Unclear("unclear-yes-no")

    def valid(self, value: Any) -> bool:
        return value == SAID or super().valid(value)


def read_verdict(text: str, words: Catalog) -> tuple[Answer, str] | None:
    """What words mean when it was asked whether it is fixed, and what they say beyond that; None for other words."""
    head, rest = (*_END.split(text.strip(), maxsplit=1), "")[:2]
    rest = rest.strip()
    for whole, more in ((fold(text), ""), (fold(head), rest)):
        if whole in words.unsure or whole == "unsure":
            return "unsure", ""
        if whole in words.no:
            return "no", more
        # "Yes, but" is no yes.
        if whole in words.yes and (fold(more) in words.yes or not words.without_greeting(more)):
            return "yes", ""
    return None


async def fixed(chat: Chat) -> None:
    """`/arreglado CODE [no, ...]`: asked or answered out of turn, by whoever reported or joined."""
    if (named := await ask_ticket(chat)) is None:
        return None
    ticket = await merging.lead(chat.work, named)
    if not await follows(chat, ticket):
        return await chat.say("not-yours", code=show_code(ticket.code))
    said, resolution = _of_button(split_code(str(chat.args.get("rest", "")))[1])
    heard = read_verdict(said, chat.words)
    now = (ticket.code, await verdicts.resolution(chat.work, ticket.code))
    if resolution and (named.code, resolution) != now and not chat.did("verdict"):
        chat.remark("old-verdict")
        heard = None
    return await ask_fixed(chat, ticket, "ask-fixed-of", {"code": show_code(ticket.code)}, (), heard)


def _of_button(said: str) -> tuple[str, int]:
    """(what is said, of which resolution): buttons carry its number behind the answer; 0 for what was typed."""
    button = _BUTTON.fullmatch(said)
    return (button[1], int(button[2])) if button else (said, 0)


async def ask_fixed(
    chat: Chat,
    ticket: Ticket,
    text: str,
    values: dict[str, Any],
    media: tuple[str, ...],
    heard: tuple[Answer, str] | None = None,
) -> None:
    """Ask it with the message `text`, unless it was `heard` already, and do what follows."""
    alone = await chat.recall("alone", lambda: chat.alone)
    if not (is_asked(ticket, chat.now) or chat.did("verdict") or chat.did("remarked")):
        return await _say_not_asked(chat, ticket)
    seq = await chat.recall("resolution", lambda: verdicts.resolution(chat.work, ticket.code))
    answer, more = heard or (await chat.ask("fixed", Fixed(answers(chat), text, media=media, **values)), "")
    if answer == SAID:
        return await _pass_on(chat, ticket, seq, alone=alone)
    anew = seq != await verdicts.resolution(chat.work, ticket.code)
    if anew and not chat.did("verdict"):
        # It was resolved once more while she was about to answer: nobody has asked her of that one yet.
        chat.become("fixed", command="fixed", rest=f"{ticket.code} {answer} {seq}")
    together = await chat.recall("together", lambda: _said_with_it(chat, more)) if answer == "no" else ""
    step = await chat.do("verdict", lambda: _give(chat, ticket, answer, together))
    if answer == "unsure":
        return await chat.say("fixed-unsure", code=show_code(ticket.code), ticket=ticket.code)
    if answer == "no":
        told = bool(together) and step == "reopened"
        if anew and ticket.status == "resolved" and not (told or more or chat.hears or chat.heard("missing")):
            # It was done before she said what was missing: whether it is fixed now is another question.
            chat.become("fixed", command="fixed", rest=ticket.code)
        await _hear_missing(chat, ticket, step, together or more, told=told)
        return await hear_more(chat, ticket) if alone else None
    await _keep_photos(chat, ticket)
    return await offer_score(chat, ticket, "thanks-fixed" if step == "confirmed" else "thanks-yes", alone=alone)


async def offer_fixed(chat: Chat, ticket: Ticket, text: str, values: dict[str, Any], media: tuple[str, ...]) -> None:
    """Ask it of somebody who need not answer: her buttons work for ever, and anything else that she says goes on."""
    seq = await chat.recall("resolution", lambda: verdicts.resolution(chat.work, ticket.code))
    items = verdict_items(chat, ticket, seq)
    chosen = await chat.ask("fixed-offer", Fixed(items, text, loose=True, media=media, **values))
    chat.become("fixed", command="fixed", rest=str(chosen).partition(" ")[2])


async def asked_again(chat: Chat) -> None:
    """Who could not tell, or said nothing, is asked once more."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    seq = int(chat.args["seq"])
    if ticket is None or ticket.status != "resolved" or not await follows(chat, ticket):
        return None
    said = await verdicts.said(chat.work, ticket, seq)
    if await verdicts.resolution(chat.work, ticket.code) != seq or said.get(chat.person.id) in ("yes", "no"):
        return None
    values: dict[str, Any] = {"code": show_code(ticket.code), "category": category_name(chat, ticket)}
    about = {"body": body_name(chat, ticket.body), "city": chat.pack.name(chat.language)}
    filled: dict[str, Any] = {**values, "template": "resolved", "about": about}
    if not await chat.recall("alone", lambda: chat.alone):
        return await chat.say("ask-fixed-again", options=verdict_items(chat, ticket, seq), ticket=ticket.code, **filled)
    return await offer_fixed(chat, ticket, "ask-fixed-again", filled, ())


async def ask_again(work: Work, ticket: Ticket, history: Sequence[Entry], voices: Sequence[Voice]) -> bool:
    """Have those asked once more who could not tell, and who reported it if she said nothing; False when nobody is.

    `history` is all that happened to the ticket, `voices` what was said of its resolutions.
    """
    seq = verdicts.resolved_by(history)
    if ticket.status != "resolved":
        return False
    reach = await fallback.reach_of(work, await verdicts.undecided(work, ticket, voices, seq))
    keys = {at: f"again:{ticket.code}:{seq}:{at}" for at, state in reach.items() if state in ("open", "sms")}
    known = await fallback.known_keys(work, list(keys.values()))
    new = {address_id: key for address_id, key in keys.items() if key not in known}
    for address_id, key in new.items():
        notices.tell(work, address_id, "asked-again", ticket.code, seq, key=key)
    return bool(new)


def is_asked(ticket: Ticket, now: float) -> bool:
    """True while somebody's answer may change something: it was resolved, and not too long ago once it is confirmed."""
    return ticket.status == "resolved" or (ticket.status == "confirmed" and evidence.takes_files(ticket, now))


def answers(chat: Chat) -> tuple[Item, ...]:
    """What may be answered."""
    return tuple(Item(value, chat.text(key)) for value, key in (("yes", "yes"), ("no", "no"), ("unsure", "unsure")))


def verdict_items(chat: Chat, ticket: Ticket, seq: int) -> tuple[Item, ...]:
    """The same as commands about one resolution: a later one is answered by its own buttons."""
    return tuple(Item(f"/fixed {ticket.code} {item.value} {seq}", item.label) for item in answers(chat))


def _said_with_it(chat: Chat, more: str) -> str:
    """What came in the same message as her No, and is told in one with it; what came with a picture goes with that."""
    said = more or chat.pocket.words.strip()
    if len(said) > MOST_WORDS or chat.pocket.media:
        return ""
    if not more:
        chat.drop_words()
    return said


async def _give(chat: Chat, ticket: Ticket, answer: Answer, together: str) -> str:
    seq = await verdicts.resolution(chat.work, ticket.code)
    before, said = await verdicts.give(chat.work, ticket, seq, chat.person.id, answer)
    reachable = await _can_be_asked(chat, ticket)
    step = verdicts.outcome(ticket.status, said, chat.person.id, reporter=ticket.person_id, reachable=reachable)
    if step in ("confirmed", "reopened"):
        await append(chat, ticket, status=step, words=together if step == "reopened" else "")
    elif step == "doubted" and before != "no":
        await append(chat, ticket, action="doubted", public=False)
    elif answer == "unsure" and ticket.status == "resolved":
        await verdicts.ask_later(chat.work, ticket.code, chat.now + ASK_UNSURE_AFTER)
    return step


async def _can_be_asked(chat: Chat, ticket: Ticket) -> bool:
    """True when who reported it can be reached, as she can who is writing."""
    if ticket.person_id is None or ticket.address_id is None:
        return False
    if ticket.person_id == chat.person.id:
        return True
    reach = await fallback.reach_of(chat.work, [ticket.address_id])
    return reach.get(ticket.address_id) in ("open", "sms")


async def _hear_missing(chat: Chat, ticket: Ticket, step: str, missing: str, *, told: bool) -> None:
    """It was reopened, or doubted, at once: what is missing may be said after, or never, or was `told` with it."""
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    text = "ask-missing" if step == "reopened" else "ask-missing-doubted"
    missing = "" if told else await fit_words(chat, ticket, missing, MOST_WORDS)
    if not (missing or told):
        missing = await chat.ask(
            "missing", Words(text, most=MOST_WORDS, optional=True, or_files=True, code=code, body=body)
        )
    photos = await chat.ask("missing-photos", Photos(quiet=True))
    room = await chat.recall("room", lambda: evidence.room_for(chat.work, ticket))
    files = tuple(photo.id for photo in photos)[:room]
    if missing or files:
        await chat.do("said-missing", lambda: append_words(chat, ticket, missing, files))
    return await chat.say("reopened" if step == "reopened" else "doubt-kept", code=code, body=body, ticket=ticket.code)


async def _keep_photos(chat: Chat, ticket: Ticket) -> None:
    """Photos that came before her yes show how it looks now."""
    photos = await chat.ask("fixed-photos", Photos(quiet=True))
    room = await chat.recall("room", lambda: evidence.room_for(chat.work, ticket))
    if files := tuple(photo.id for photo in photos)[:room]:
        await chat.do("said-fixed", lambda: append_words(chat, ticket, "", files))


async def _pass_on(chat: Chat, ticket: Ticket, seq: int, *, alone: bool) -> None:
    """She told a story: it is for those who work on it, and the question stays open."""
    words = await fit_words(chat, ticket, "", MOST_WORDS)
    if not words:
        asked = Words("ask-answer", most=MOST_WORDS, quiet=True, code=show_code(ticket.code))
        words = await chat.ask("remark", asked)
    photos = await chat.ask("remark-photos", Photos(quiet=True))
    room = await chat.recall("room", lambda: evidence.room_for(chat.work, ticket))
    files = tuple(photo.id for photo in photos)[:room]
    await chat.do("remarked", lambda: append_words(chat, ticket, words, files))
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    options = verdict_items(chat, ticket, seq) if ticket.status == "resolved" else ()
    if not await chat.recall("asks-on", lambda: bool(options) and alone):
        return await chat.say("remark-passed-on", code=code, body=body, options=options, columns=3, ticket=ticket.code)
    # "Sí, pero quedó un pozo": the plain answer that follows is one to this, and no report.
    items = verdict_items(chat, ticket, seq)
    chosen = await chat.ask("fixed-after-all", Fixed(items, "remark-passed-on", loose=True, code=code, body=body))
    chat.become("fixed", command="fixed", rest=str(chosen).partition(" ")[2])


async def append_words(chat: Chat, ticket: Ticket, words: str, files: tuple[str, ...]) -> int:
    """Words and files of hers, for those in whose hands it is."""
    return (await append(chat, ticket, words=words, media=files)).update_seq


async def _say_not_asked(chat: Chat, ticket: Ticket) -> None:
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    if ticket.open and await verdicts.resolution(chat.work, ticket.code):
        return await chat.say("open-again", code=code, body=body, ticket=ticket.code)
    return await chat.say("not-resolved", code=code, status=status_name(chat, ticket.status))
