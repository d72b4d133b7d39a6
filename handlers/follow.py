"""Follow-ups on the citizen's side: what an official did is told, and she just answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.questions import Item
from handlers.adding import answer, hear_on
from handlers.codes import ask_ticket, split_code
from handlers.fixed import ask_fixed, is_asked, offer_fixed, read_verdict
from handlers.followers import follows
from handlers.rights import allowed, refused
from handlers.templates import said_in_her_language
from handlers.told_silence import tell_step
from handlers.views import (
    body_name,
    category_name,
    day_promised,
    quoted,
    status_name,
    step_name,
    ticket_line,
    ticket_place,
    why_withdrawn,
)
from handlers.working import answer_citizen
from storage import deliveries, evidence, merging, tickets, updates, verdicts
from storage.codes import read_code, show_code
from storage.taken_back import UNDONE

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Update

MOST_MINE = 10
# What somebody else who follows it did to it.
OTHERS = {"confirmed": "others-confirmed", "reopened": "others-reopened", "withdrawn": "others-withdrawn"}


async def told_citizen(chat: Chat) -> None:
    """A public update reached a ticket that this person reported or joined."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    history = await updates.history(chat.work, ticket.code, public_only=True) if ticket else []
    entry = next((each for each in history if each.seq == int(chat.args["seq"])), None)
    if ticket is None or entry is None:
        return
    if chat.args.get("silence"):
        return await tell_step(chat, ticket, entry)
    if entry.status == "declined" and ticket.held_at is not None:
        return await _tell_dropped(chat, ticket)
    if entry.action == UNDONE:
        return await _tell_undone(chat, ticket, entry)
    if entry.status == "received" and entry.actor == "system":
        return await _tell_passed(chat, ticket, entry)
    if entry.actor == "citizen" and entry.body:
        return await _tell_refiled(chat, ticket)
    if into := _moved(entry):
        return await _tell_moved(chat, ticket, entry, into)
    if not (chat.person.low_data and _says_only_seen(entry)):
        return await _tell_step(chat, ticket, entry)


async def _tell_step(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """Say a step, and ask what it leaves to be asked."""
    # Nobody is asked who is in the middle of something else; a question of an official only who reported it.
    may = await chat.recall("may", lambda: chat.alone and ticket.status == entry.status)
    asks = may and ticket.person_id == chat.person.id
    # Answered, confirmed or withdrawn in another way meanwhile: there is nothing more to ask. What she answers to a
    # question is for who asked it even so.
    answers = entry.status == "waiting_citizen" and ticket.open and chat.hears
    done = answers or any(map(chat.did, ("answered", "verdict", "remarked")))
    if asks and ticket.status != entry.status and not done:
        return None
    if await chat.recall("still", lambda: _still_asked(chat, ticket, entry)):
        return await _ask_on(chat, ticket, entry)
    fixed = entry.status == "resolved" and may
    told = _spoken(chat, ticket, entry) | _template(chat, ticket, entry, asks=asks or fixed)
    media = await chat.recall("media", lambda: _before_and_after(chat, ticket, entry))
    if entry.status == "waiting_citizen" and asks:
        return await answer(chat, ticket, "told-question", told, tuple(media))
    if fixed:
        ask = ask_fixed if asks else offer_fixed
        return await ask(chat, ticket, "told-resolved", told, tuple(media))
    key = _key(entry)
    if key == "told-files" and await evidence.is_voice(chat.work, entry.media):
        key = "told-voice"
    await chat.say(key, options=_shortcuts(chat, ticket, entry), media=tuple(media), ticket=ticket.code, **told)
    wrote = entry.actor == "official" and bool(entry.words or entry.reason)
    if await chat.recall("listens", lambda: chat.costs and chat.alone and ticket.open and wrote):
        await hear_on(chat, ticket)


async def reply(chat: Chat) -> None:
    """An answer on a ticket, by whoever may: the citizen's reaches the officials, the official's the citizen."""
    if (named := await ask_ticket(chat)) is None:
        return
    ticket = await merging.lead(chat.work, named)
    if await allowed(chat, "respond", ticket):
        return await answer_citizen(chat, ticket)
    if not await follows(chat, ticket):
        if not (ticket.held_at is not None and await refused(chat, "respond", ticket)):
            await chat.say("not-yours", code=show_code(ticket.code))
        return None
    _, words = split_code(str(chat.args.get("rest", "")))
    said = words or chat.pocket.words
    if said and await chat.recall("judges", lambda: _judges(chat, ticket, said)):
        chat.drop_words()
        chat.become("fixed", command="fixed", rest=f"{ticket.code} {said}")
    return await answer(chat, ticket, "ask-answer", {"code": show_code(ticket.code)}, (), words)


async def _judges(chat: Chat, ticket: Ticket, said: str) -> bool:
    """True when this answers whether it was fixed, which she was asked and has not said yet."""
    if ticket.status != "resolved" or read_verdict(said, chat.words) is None:
        return False
    seq = await verdicts.resolution(chat.work, ticket.code)
    return (await verdicts.said(chat.work, ticket, seq)).get(chat.person.id) in (None, "unsure")


async def _still_asked(chat: Chat, ticket: Ticket, entry: Update) -> bool:
    """True when this comes while she has not said whether it was fixed: then it is asked along with it."""
    confirmed = entry.actor == "citizen" and entry.status == ticket.status == "confirmed"
    if not chat.alone or not (confirmed or (ticket.status == "resolved" and not entry.status)):
        return False
    seq = await verdicts.resolution(chat.work, ticket.code)
    return (await verdicts.said(chat.work, ticket, seq)).get(chat.person.id) in (None, "unsure")


async def _ask_on(chat: Chat, ticket: Ticket, entry: Update) -> None:
    media = tuple(await chat.recall("media", lambda: _before_and_after(chat, ticket, entry)))
    spoken, template = _spoken(chat, ticket, entry), _template(chat, ticket, entry, asks=True)
    if entry.status == "confirmed":
        return await offer_fixed(chat, ticket, "others-confirmed-asks", spoken | template, media)
    chat.remark(_key(entry), **spoken)
    ask = ask_fixed if ticket.person_id == chat.person.id else offer_fixed
    return await ask(chat, ticket, "ask-fixed-of", {"code": show_code(ticket.code), **template}, media)


async def _before_and_after(chat: Chat, ticket: Ticket, entry: Update) -> tuple[str, ...]:
    """The files of a step; in front of a photo of what was done the first one of how it was."""
    done = entry.actor == "official" and ticket.status in ("resolved", "confirmed")
    if not (done and await evidence.has_photo(chat.work, entry.media)):
        return entry.media
    before = await evidence.before(chat.work, ticket.code, entry.seq)
    if before and not (chat.person.low_data or chat.costs):
        chat.remark("before-and-after")
    return (before, *entry.media) if before else entry.media


async def mine(chat: Chat) -> None:
    """The person's reports, newest first."""
    found = await tickets.of_person(chat.work, chat.person.id, MOST_MINE)
    if not found:
        return await chat.say("no-reports")
    options = tuple(Item(f"/status {t.code}", show_code(t.code)) for t in found)
    return await chat.say(
        "my-reports", lines="\n".join(ticket_line(chat, t) for t in found), options=options, columns=3
    )


def _spoken(chat: Chat, ticket: Ticket, entry: Update) -> dict[str, Any]:
    said = said_in_her_language(chat, ticket, entry) or why_withdrawn(chat, entry)
    return {
        "code": show_code(ticket.code),
        "category": category_name(chat, ticket),
        "body": body_name(chat, entry.body or ticket.body),
        "status": step_name(chat, entry),
        "said": quoted(chat, said),
    }


def _template(chat: Chat, ticket: Ticket, entry: Update, *, asks: bool) -> dict[str, Any]:
    """What carries it where only approved words pass, and what those are filled with."""
    name = {"waiting_citizen": "question", "resolved": "resolved"}.get(entry.status, "update") if asks else "update"
    said = said_in_her_language(chat, ticket, entry)
    status = step_name(chat, entry)
    about = {
        "text": said if said and name != "update" else ". ".join(part for part in (status, said) if part),
        "body": body_name(chat, entry.body or ticket.body),
        "city": chat.pack.name(chat.language),
    }
    return {"template": name, "about": {key: value for key, value in about.items() if value}}


def _moved(entry: Update) -> str | None:
    """The code of the ticket that this one was merged into, or parted from; None for any other step."""
    return read_code(entry.reason) if entry.status in ("duplicate", "reopened") and entry.actor != "citizen" else None


async def _tell_moved(chat: Chat, ticket: Ticket, entry: Update, into: str) -> None:
    """Which code follows now; an answer to this reaches the right one, whichever is meant."""
    values: dict[str, Any] = {
        "code": show_code(ticket.code),
        "into": show_code(into),
        "category": category_name(chat, ticket),
        "body": body_name(chat, ticket.body),
    }
    joined = "told-gathered" if entry.actor == "system" else "told-merged"
    key = joined if entry.status == "duplicate" else "told-parted"
    about = {"text": chat.text(key, **values), "body": values["body"], "city": chat.pack.name(chat.language)}
    await chat.say(key, ticket=ticket.code, template="update", about=about, **values)


async def _tell_passed(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """Who has it now, and why the other one has not."""
    given = await updates.step(chat.work, ticket.code, entry.seq - 1)
    reason, giver = (given.reason, given.body) if given else ("", "")
    values: dict[str, Any] = {
        "code": show_code(ticket.code),
        "category": category_name(chat, ticket),
        "giver": body_name(chat, giver),
        "body": body_name(chat, entry.body),
    }
    passed = chat.text("passed-to", body=values["body"])
    about = {"text": f"{passed}. {reason}", "body": values["giver"], "city": chat.pack.name(chat.language)}
    said = quoted(chat, reason)
    handed = await deliveries.of_ticket(chat.work.connection, ticket.code, deliveries.CHAT)
    waits = any(each.body == entry.body and each.status == "unclaimed" for each in handed)
    key = "told-passed-waits" if waits else "told-passed"
    await chat.say(key, ticket=ticket.code, template="update", about=about, said=said, **values)


async def _tell_dropped(chat: Chat, ticket: Ticket) -> None:
    """It was taken for no report: the bot says so in its own voice, and not as an answer of the body."""
    text, body = chat.text("told-dropped", code=show_code(ticket.code)), body_name(chat, ticket.body)
    about = {"text": text, "body": body, "city": chat.pack.name(chat.language)}
    await chat.say("told-dropped", ticket=ticket.code, template="update", about=about, code=show_code(ticket.code))


async def _tell_undone(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """An official took back what she was told a moment ago."""
    values: dict[str, Any] = {
        "code": show_code(ticket.code),
        "status": status_name(chat, ticket.status),
        "body": body_name(chat, entry.body or ticket.body),
    }
    about = {"text": chat.text("told-undone", **values), "body": values["body"], "city": chat.pack.name(chat.language)}
    await chat.say("told-undone", ticket=ticket.code, template="update", about=about, **values)


async def _tell_refiled(chat: Chat, ticket: Ticket) -> None:
    values: dict[str, Any] = {
        "code": show_code(ticket.code),
        "category": category_name(chat, ticket),
        "where": ticket_place(chat, ticket),
        "body": body_name(chat, ticket.body),
    }
    text = chat.text("told-refiled", **values)
    about = {"text": text, "body": values["body"], "city": chat.pack.name(chat.language)}
    await chat.say("told-refiled", ticket=ticket.code, template="update", about=about, **values)


def _key(entry: Update) -> str:
    if entry.actor == "system" and not entry.status:
        return "told-by-system"
    if entry.actor == "citizen" and entry.status in OTHERS:
        # What is taken back to be reported anew goes on where the words say.
        return "others-refiled" if entry.status == "withdrawn" and entry.words else OTHERS[entry.status]
    if entry.status == "waiting_citizen":
        return "told-question-later"
    if day_promised(entry):
        return "told-status"
    if entry.media and entry.status in ("", "acknowledged") and not (entry.words or entry.reason):
        return "told-files"
    # Words say more than "seen" does.
    return "told-words" if not entry.status or (entry.status == "acknowledged" and entry.words) else "told-status"


def _says_only_seen(entry: Update) -> bool:
    return entry.status == "acknowledged" and not (entry.words or entry.reason or entry.media)


def _shortcuts(chat: Chat, ticket: Ticket, entry: Update) -> tuple[Item, ...]:
    if entry.status == "resolved" and is_asked(ticket, chat.now):
        return (Item(f"/fixed {ticket.code}", chat.text("say-whether-fixed")),)
    return (Item(f"/reply {ticket.code}", chat.text("answer")),) if ticket.open else ()
