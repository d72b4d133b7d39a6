"""Follow-ups on the citizen's side: what an official did is told, and she just answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.messages import Media
from bot.questions import Item, Photos, Words, YesNo
from handlers import notices
from handlers.changes import by_citizen
from handlers.codes import ask_ticket, split_code
from handlers.rights import allowed
from handlers.views import body_name, category_name, quoted, said_to, status_name, ticket_line, ticket_place
from handlers.working import answer_citizen
from storage import deliveries, merging, tickets
from storage.codes import read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket, Update

MOST_MINE = 10


async def told_citizen(chat: Chat) -> None:
    """A public update reached a ticket that this person reported or joined."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    seq = int(chat.args["seq"])
    if ticket is None:
        return
    entry = next((e for e in await tickets.history(chat.work, ticket.code, public_only=True) if e.seq == seq), None)
    if entry is None:
        return
    if entry.status == "received" and entry.actor == "system":
        return await _tell_passed(chat, ticket, entry)
    if entry.actor == "citizen" and entry.body:
        return await _tell_refiled(chat, ticket)
    if into := _moved(entry):
        return await _tell_moved(chat, ticket, entry, into)
    if chat.person.low_data and _says_only_seen(entry):
        return
    # Only the one who reported is asked; and nobody who is in the middle of something else.
    asks = await chat.recall(
        "asks", lambda: chat.alone and ticket.person_id == chat.person.id and ticket.status == entry.status
    )
    # Answered, confirmed or withdrawn in another way meanwhile: there is nothing more to ask.
    if asks and ticket.status != entry.status and not (chat.did("answered") or chat.did("closed")):
        return None
    told = _spoken(chat, ticket, entry) | _template(chat, ticket, entry, asks=asks)
    if entry.status == "waiting_citizen" and asks:
        return await _answer(chat, ticket, "told-question", told, entry.media)
    if entry.status == "resolved" and asks:
        return await _fixed(chat, ticket, "told-resolved", told, entry.media)
    return await chat.say(
        _key(entry), options=_shortcuts(chat, ticket, entry), media=entry.media, ticket=ticket.code, **told
    )


async def reply(chat: Chat) -> None:
    """An answer on a ticket, by whoever may: the citizen's reaches the officials, the official's the citizen."""
    if (named := await ask_ticket(chat)) is None:
        return
    ticket = await merging.lead(chat.work, named)
    if await allowed(chat, "respond", ticket):
        return await answer_citizen(chat, ticket)
    if not await follows(chat, ticket):
        return await chat.say("not-yours", code=show_code(ticket.code))
    _, words = split_code(str(chat.args.get("rest", "")))
    return await _answer(chat, ticket, "ask-answer", {"code": show_code(ticket.code)}, (), words)


async def fixed(chat: Chat) -> None:
    """ "Was it fixed?", asked or answered out of turn."""
    if (ticket := await ask_ticket(chat)) is None:
        return
    if ticket.person_id != chat.person.id:
        return await chat.say("not-yours", code=show_code(ticket.code))
    return await _fixed(chat, ticket, "ask-fixed-of", {"code": show_code(ticket.code)}, ())


async def withdraw(chat: Chat) -> None:
    """The citizen takes a ticket back."""
    if (ticket := await ask_ticket(chat)) is None:
        return
    if ticket.person_id != chat.person.id:
        return await chat.say("not-yours", code=show_code(ticket.code))
    if not ticket.open and not chat.did("closed"):
        return await chat.say("already-closed", code=show_code(ticket.code), status=status_name(chat, ticket.status))
    if await chat.ask("sure", YesNo("ask-withdraw", code=show_code(ticket.code))):
        await chat.do("closed", lambda: _append(chat, ticket, status="withdrawn"))
        await chat.say("withdrawn", code=show_code(ticket.code))
    else:
        await chat.say("stays", code=show_code(ticket.code))


async def mine(chat: Chat) -> None:
    """The person's reports, newest first."""
    found = await tickets.of_person(chat.work, chat.person.id, MOST_MINE)
    if not found:
        return await chat.say("no-reports")
    options = tuple(Item(f"/status {t.code}", show_code(t.code)) for t in found)
    return await chat.say(
        "my-reports", lines="\n".join(ticket_line(chat, t) for t in found), options=options, columns=3
    )


async def follows(chat: Chat, ticket: Ticket) -> bool:
    """True when this person reported or joined the ticket."""
    return ticket.person_id == chat.person.id or await tickets.supports(chat.work, ticket.code, chat.person.id)


async def _answer(
    chat: Chat, ticket: Ticket, text: str, values: dict[str, Any], media: tuple[str, ...], words: str = ""
) -> None:
    if not words:
        words = await chat.ask("answer", Words(text, most=1500, or_files=True, media=media, **values))
    photos = await chat.ask("answer-photos", Photos(quiet=True))
    await chat.do("answered", lambda: _pass_on(chat, ticket, words, photos))
    await chat.say(
        "answer-passed-on", code=show_code(ticket.code), body=body_name(chat, ticket.body), ticket=ticket.code
    )


async def _pass_on(chat: Chat, ticket: Ticket, words: str, photos: tuple[Media, ...]) -> int:
    back = await tickets.previous_status(chat.work, ticket.code) if ticket.status == "waiting_citizen" else ""
    return await _append(chat, ticket, status=back, words=words, media=tuple(photo.id for photo in photos))


async def _fixed(chat: Chat, ticket: Ticket, text: str, values: dict[str, Any], media: tuple[str, ...]) -> None:
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    if ticket.status != "resolved" and not chat.did("closed"):
        return await chat.say("not-resolved", code=code, status=status_name(chat, ticket.status))
    if await chat.ask("fixed", YesNo(text, media=media, **values)):
        await chat.do("closed", lambda: _append(chat, ticket, status="confirmed"))
        return await chat.say("thanks-fixed", code=code)
    # Reopened at once: what is missing may be said after, or never.
    await chat.do("closed", lambda: _append(chat, ticket, status="reopened"))
    missing = await chat.ask(
        "missing", Words("ask-missing", most=1500, optional=True, or_files=True, code=code, body=body)
    )
    photos = await chat.ask("missing-photos", Photos(quiet=True))
    if missing or photos:
        files = tuple(photo.id for photo in photos)
        await chat.do("said-missing", lambda: _append(chat, ticket, words=missing, media=files))
    return await chat.say("reopened", code=code, body=body, ticket=ticket.code)


async def _append(chat: Chat, ticket: Ticket, **entry: object) -> int:
    after = await tickets.append(chat.work, ticket, by_citizen(chat, **entry))
    await notices.tell_bodies(chat, ticket, after.update_seq)
    return after.update_seq


def _spoken(chat: Chat, ticket: Ticket, entry: Update) -> dict[str, Any]:
    said = said_to(chat, ticket, entry)
    return {
        "code": show_code(ticket.code),
        "category": category_name(chat, ticket),
        "body": body_name(chat, entry.body or ticket.body),
        "status": status_name(chat, entry.status) if entry.status else "",
        "said": quoted(chat, said),
    }


def _template(chat: Chat, ticket: Ticket, entry: Update, *, asks: bool) -> dict[str, Any]:
    """What carries it where only approved words pass, and what those are filled with."""
    name = {"waiting_citizen": "question", "resolved": "resolved"}.get(entry.status, "update") if asks else "update"
    said = said_to(chat, ticket, entry)
    status = status_name(chat, entry.status) if entry.status else ""
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
    given = await tickets.step(chat.work, ticket.code, entry.seq - 1)
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
    if entry.status == "waiting_citizen":
        return "told-question-later"
    if entry.media and not entry.status and not (entry.words or entry.reason):
        return "told-files"
    # Words say more than "seen" does.
    return "told-words" if not entry.status or (entry.status == "acknowledged" and entry.words) else "told-status"


def _says_only_seen(entry: Update) -> bool:
    return entry.status == "acknowledged" and not (entry.words or entry.reason or entry.media)


def _shortcuts(chat: Chat, ticket: Ticket, entry: Update) -> tuple[Item, ...]:
    if entry.status == "resolved" and ticket.person_id == chat.person.id:
        return (Item(f"/fixed {ticket.code}", chat.text("say-whether-fixed")),)
    return (Item(f"/reply {ticket.code}", chat.text("answer")),) if ticket.open else ()
