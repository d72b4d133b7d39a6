"""What is said about silence: to officials who are late, to citizens who wait, and to her whose answer is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.questions import Item
from handlers.codes import ask_ticket
from handlers.followers import follows
from handlers.inbox import steps_of
from handlers.letters import write_letter
from handlers.rights import acts_here, allowed
from handlers.views import body_name, category_name, day, said_to, shorten, ticket_line, ticket_place
from storage import deadlines, tickets, updates
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Update

BODY = "body:"
RUNGS = ("colleague", "dispatcher", "manager")
MOST_QUOTED = 200


async def told_silence(chat: Chat) -> None:
    """An official hears of tickets that nobody has spoken about: of one, or of those of one round together."""
    if not await acts_here(chat):
        return None
    codes = str(chat.args.get("codes") or chat.args["code"]).split()
    found = [ticket for code in codes if (ticket := await tickets.by_code(chat.work, code, lock=False))]
    # In the night it waits for the morning: what somebody has answered or closed meanwhile is late no more.
    heard = await deadlines.heard_since(chat.work, codes, float(str(chat.args.get("at", chat.now))))
    still = [ticket for ticket in found if ticket.open and ticket.code not in heard]
    if len(codes) > 1:
        return await _tell_many(chat, still, over=len(codes) - len(still))
    what = str(chat.args.get("what", "alarm"))
    if not still:
        return None
    ticket = still[0]
    return await chat.say(
        f"alert-{what if what in ('remind', 'alarm', *RUNGS) else 'body'}",
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        where=shorten(ticket_place(chat, ticket, inside=await allowed(chat, "view", ticket))),
        body=body_name(chat, ticket.body),
        since=day(chat, ticket.created_at),
        due=day(chat, float(str(chat.args["due"]))),
        options=await _options(chat, ticket),
        columns=2,
        ticket=ticket.code,
    )


async def _tell_many(chat: Chat, still: list[Ticket], *, over: int) -> None:
    """Of a round's tickets these are still late; `over` of those named are not any more."""
    number = int(str(chat.args.get("number", len(still) + over))) - over
    works = [await allowed(chat, "view", ticket) for ticket in still]
    lines = "\n".join(ticket_line(chat, each, inside=inside) for each, inside in zip(still, works, strict=True))
    options = [Item(f"/view {ticket.code}", show_code(ticket.code)) for ticket in still]
    inbox = Item("/inbox", chat.text("inbox"), "📥")
    if still:
        await chat.say("alert-many", n=number, lines=lines, options=(*options, inbox), columns=3)


async def _options(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The next steps; who hears of it from another body looks at it at least."""
    view = Item(f"/view {ticket.code}", chat.text("look"), "👁")
    if not await allowed(chat, "view", ticket):
        return ()
    return (*(await steps_of(chat, ticket)), *(() if chat.costs else (view,)))


async def tell_step(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """Whoever follows a ticket hears, in one short message, what was done about its silence."""
    silence, target = str(chat.args["silence"]), str(chat.args.get("target", "answer"))
    key = f"silence-{silence}" if silence in (*RUNGS, "request", "unanswered", "confirmed") else "silence-body"
    key = f"silence-alarm-{target}" if silence == "alarm" else key
    values: dict[str, Any] = {
        "code": show_code(ticket.code),
        "category": category_name(chat, ticket),
        "body": body_name(chat, ticket.body),
        "other": body_name(chat, silence.removeprefix(BODY)),
    }
    text = chat.text(key, **values)
    about = {"text": text, "body": values["body"], "city": chat.pack.name(chat.language)}
    options = _ways(chat, ticket, silence)
    await chat.say(key, options=options, ticket=ticket.code, template="update", about=about, **values)


def _ways(chat: Chat, ticket: Ticket, silence: str) -> tuple[Item, ...]:
    if silence == "request" and chat.pack.timetable.law(ticket.body):
        return (Item(f"/request {ticket.code}", chat.text("ask-information"), "📄"),)
    return (Item(f"/reply {ticket.code}", chat.text("answer")),) if silence == "unanswered" else ()


async def told_waiting(chat: Chat) -> None:
    """Who was asked something, and has not answered, is asked again; it can still be answered after that."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]), lock=False)
    if ticket is None or ticket.status != "waiting_citizen":
        return None
    history = await updates.history(chat.work, ticket.code, public_only=True)
    asked = next((entry for entry in reversed(history) if entry.actor == "official"), None)
    said = " ".join(said_to(chat, ticket, asked).split()) if asked else ""
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    if not await chat.recall("alone", lambda: chat.alone):
        # Behind this she is asked again what she was being asked: in most cases this very question.
        return chat.remark("question-waits", code=code, body=body)
    values: dict[str, Any] = {
        "code": code,
        "category": category_name(chat, ticket),
        "body": body,
        "said": shorten(said, MOST_QUOTED),
    }
    about = {"text": values["said"], "body": values["body"], "city": chat.pack.name(chat.language)}
    options = (Item(f"/reply {ticket.code}", chat.text("answer")),)
    return await chat.say(
        "question-again", options=options, ticket=ticket.code, template="question", about=about, **values
    )


async def request(chat: Chat) -> None:
    """`/pedido CODE`: a request for information with her case in it, ready to be copied or sent by mail."""
    if (ticket := await ask_ticket(chat)) is None:
        return None
    code = show_code(ticket.code)
    if not await follows(chat, ticket):
        return await chat.say("not-yours", code=code)
    law = chat.pack.timetable.law(ticket.body)
    if law is None:
        return await chat.say("request-none", code=code)
    where = law.where.get(chat.language[:2]) or next(iter(law.where.values()))
    name = law.names.get(chat.language[:2]) or next(iter(law.names.values()))
    key = "request-intro-mail" if law.mail else "request-intro"
    await chat.say(key, law=name, office=where, mail=law.mail, code=code)
    # By SMS the short form goes in two, and asks the same.
    hers, variant = ticket.person_id == chat.person.id, "sms" if chat.costs else ""
    text = write_letter(chat.pack, ticket, law, chat.now, hers=hers, variant=variant)
    shown = ticket.open and ticket.held_at is None and not chat.costs
    mail = chat.link("open-mail", f"/t/{ticket.code}/request") if shown else None
    return await chat.say("request-text", text=text, link=mail, ticket=ticket.code)
