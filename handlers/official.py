"""The official's side: an inbox, a ticket, and one word for each sensible next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from bot.questions import Choice, Item, Photos, Words
from handlers import notices
from handlers.codes import ask_ticket, code_within, split_code
from handlers.notices import Told
from handlers.reaching import why_untold
from handlers.views import (
    body_name,
    category_name,
    day,
    history_lines,
    joined_line,
    quoted,
    status_name,
    ticket_line,
    ticket_place,
)
from locales import fold
from storage import officials, passing, people, supporters, tickets
from storage.codes import show_code
from storage.tickets import NEED_REASON, Change

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.officials import Office
    from storage.tickets import Ticket, Update

PAGE = 8
MOST_HISTORY = 8
MOST_NAMED = 3
# The sensible next steps from a status, as buttons: (target, icon).
NEXT: dict[str, tuple[tuple[str, str], ...]] = {
    "acknowledged": (("in_progress", "🚧"), ("planned", "🗓")),
    "planned": (("in_progress", "🚧"), ("resolved", "✅")),
    "in_progress": (("resolved", "✅"),),
    "reopened": (("in_progress", "🚧"), ("resolved", "✅")),
}


async def welcome_official(chat: Chat) -> None:
    """An official wrote words that are no command: the inbox, and how things are done."""
    if chat.person.group and not await my_offices(chat):
        return
    await inbox(chat)


async def join(chat: Chat, code: str) -> None:
    """Use an invitation: in a private chat for oneself, in a group for everybody in it."""
    used = await chat.do("invited", lambda: _use_invite(chat, code))
    if not used:
        return await chat.say("invite-unknown")
    bodies = ", ".join(body_name(chat, body) for body in used[:MOST_NAMED])
    if len(used) > MOST_NAMED:
        bodies = chat.text("and-more", names=bodies, n=len(used) - MOST_NAMED)
    await chat.do("menu", lambda: _show_menu(chat))
    return await chat.say("invite-welcome", bodies=bodies, options=(Item("/inbox", chat.text("inbox"), "📥"),))


async def inbox(chat: Chat) -> None:
    """The open tickets of the official's bodies: reopened and new ones first."""
    if not (held := await my_offices(chat)):
        return await chat.say("not-official")
    bodies = [office.body for office in held]
    page = max(int(rest), 1) if (rest := str(chat.args.get("rest", ""))).isdecimal() and len(rest) < 4 else 1
    counts = await tickets.count_open(chat.work, bodies)
    found = await tickets.of_bodies(chat.work, bodies, PAGE, PAGE * (page - 1))
    total = sum(counts.values())
    if not found:
        return await chat.say("inbox-empty")
    options = [Item(f"/view {t.code}", show_code(t.code)) for t in found]
    if total > PAGE * page:
        options.append(Item(f"/inbox {page + 1}", chat.text("more"), "▶️"))
    joined = await supporters.counts(chat.work, [t.code for t in found])
    lines = "\n".join(ticket_line(chat, t, joined.get(t.code, 0)) for t in found)
    kinds = ", ".join(f"{status_name(chat, status)}: {n}" for status, n in counts.items())
    return await chat.say("inbox-list", total=total, kinds=kinds, lines=lines, options=tuple(options), columns=3)


async def view(chat: Chat) -> None:
    """Everything an official may know of a ticket: never who reported it."""
    if (ticket := await own_ticket(chat, beside=True)) is not None:
        await show_ticket(chat, ticket, "ticket-view")


async def show_ticket(chat: Chat, ticket: Ticket, key: str, **values: Any) -> None:
    """Say a ticket with its photos, its place and the next steps, under the message `key`."""
    entries = await tickets.history(chat.work, ticket.code, public_only=False)
    joined = await joined_line(chat, ticket.code)
    await chat.say(
        key,
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        where=ticket_place(chat, ticket),
        words=ticket.words,
        status=status_name(chat, ticket.status),
        body=body_name(chat, ticket.body),
        since=day(chat, ticket.created_at),
        joined=f" · {joined}" if joined else "",
        history="\n".join(history_lines(chat, ticket, entries, own=False)[1:][-MOST_HISTORY:]),
        media=await tickets.media_of(chat.work, ticket.code),
        place=ticket.place if ticket.place.located else None,
        options=await steps_of(chat, ticket),
        columns=2,
        ticket=ticket.code,
        **values,
    )


async def steps_of(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The buttons for the sensible next steps of this very official: who only stands beside answers, no more."""
    if await acts_for(chat, ticket.body) or not ticket.open:
        return steps(chat, ticket)
    return (Item(f"/reply {ticket.code}", chat.text("answer"), "💬"),)


def steps(chat: Chat, ticket: Ticket) -> tuple[Item, ...]:
    """The buttons for a ticket's sensible next steps."""
    code = ticket.code
    if not ticket.open:
        return (Item(f"/split {code}", chat.text("split")),) if ticket.duplicate_of else ()
    reply = Item(f"/reply {code}", chat.text("answer"), "💬")
    if ticket.status == "received":
        take, give = Item(f"/take {code}", chat.text("take"), "✋"), Item(f"/pass {code}", chat.text("pass"), "↪️")
        # Where every word is paid for, a step that is seldom taken is not written out.
        return (take, reply) if chat.costs else (take, reply, give)
    moves = NEXT.get(ticket.status, ())
    return (*(Item(f"/status {code} {to}", status_name(chat, to), icon) for to, icon in moves), reply)


async def take(chat: Chat) -> None:
    """ "I have seen it and it is mine"."""
    if (ticket := await own_ticket(chat)) is None:
        return
    if ticket.status != "received" and not chat.did("take"):
        return await chat.say("already-taken", code=show_code(ticket.code), status=status_name(chat, ticket.status))

    async def effect() -> Told:
        await tickets.take(chat.work, ticket.code, chat.person.id)
        return (await append(chat, ticket, status="acknowledged"))[1]

    why = why_untold(chat, await chat.do("take", effect))
    now = msgspec.structs.replace(ticket, status="acknowledged")
    return await chat.say(
        "taken-untold" if why else "taken",
        code=show_code(ticket.code),
        why=why,
        options=steps(chat, now),
        columns=2,
        ticket=ticket.code,
    )


async def respond(chat: Chat) -> None:
    """`/responder CODE words`; a citizen who learnt the command answers with it too."""
    if not await my_offices(chat):
        chat.become("reply", **chat.args)
    if (ticket := await own_ticket(chat, beside=True)) is not None:
        await answer_citizen(chat, ticket)


async def answer_citizen(chat: Chat, ticket: Ticket) -> None:
    """Words for the citizen, public; a question makes the ticket wait for her."""
    _, words = split_code(str(chat.args.get("rest", "")))
    if not words:
        words = await chat.ask("words", Words("ask-response", most=1500, or_files=True, code=show_code(ticket.code)))
    photos = await chat.ask("photos", Photos(quiet=True))
    leads = await acts_for(chat, ticket.body)
    asks = leads and words.rstrip().endswith("?") and (ticket.open or chat.did("responded"))

    async def effect() -> tuple[str, Told]:
        files = tuple(photo.id for photo in photos)
        # Who answers has seen it; who asks waits.
        seen = "acknowledged" if leads and ticket.status == "received" else ""
        status = "waiting_citizen" if asks and ticket.status != "waiting_citizen" else seen
        after, told = await append(chat, ticket, status=status, words=words, media=files)
        return after.status, told

    status, told = await chat.do("responded", effect)
    why = why_untold(chat, told)
    now = msgspec.structs.replace(ticket, status=status)
    sent = "response-sent-waits" if asks else "response-sent"
    return await chat.say(
        "response-kept" if why else sent,
        code=show_code(ticket.code),
        why=why,
        options=await steps_of(chat, now),
        columns=2,
        ticket=ticket.code,
    )


async def set_status(chat: Chat, ticket: Ticket, rest: str) -> None:
    """`/estado CODE status [reason]`, by an official of the ticket's body."""
    target, reason = split_status(chat, rest)
    if not target:
        offered = tuple(Item(to, status_name(chat, to)) for to in reachable(ticket.status))
        if not offered and not chat.did("moved"):
            return await chat.say(
                "already-closed", code=show_code(ticket.code), status=status_name(chat, ticket.status)
            )
        recalled = await chat.recall("offered", lambda: [item.value for item in offered])
        items = tuple(Item(to, status_name(chat, to)) for to in recalled)
        target = await chat.ask(
            "target",
            Choice(items, "ask-status", recognise=lambda t: split_status(chat, t)[0], code=show_code(ticket.code)),
        )
    if not chat.did("moved") and tickets.way(ticket.status, target) is None:
        return await _say_no_way(chat, ticket, target)
    if ticket.status == "duplicate" and target == "reopened" and ticket.duplicate_of:
        chat.become("split", rest=ticket.code)
    if target == "not_responsible" and not chat.did("moved"):
        chat.become("pass", code=ticket.code, to=reason)
    if target in NEED_REASON and not reason:
        of = "ask-duplicate-of" if target == "duplicate" else "ask-reason"
        reason = await chat.ask("reason", Words(of, most=1000, status=status_name(chat, target)))
    if target == "duplicate" and (into := code_within(reason)) and not chat.did("moved"):
        chat.become("merge", rest=f"{ticket.code} {into}")
    if target == "waiting_citizen" and not reason:
        reason = await chat.ask("question", Words("ask-question", most=1000, code=show_code(ticket.code)))
    why = why_untold(chat, await chat.do("moved", lambda: move(chat, ticket, target, reason)))
    now = msgspec.structs.replace(ticket, status=target)
    return await chat.say(
        "status-set-untold" if why else "status-set",
        code=show_code(ticket.code),
        why=why,
        status=status_name(chat, target),
        options=steps(chat, now),
        columns=2,
        ticket=ticket.code,
    )


async def move(chat: Chat, ticket: Ticket, target: str, reason: str) -> Told:
    """Lead a ticket to a status by the graph's arrows; only the last step is told to the citizen."""
    way = tickets.way(ticket.status, target) or (target,)
    for step in way[:-1]:
        ticket, _ = await append(chat, ticket, tell=False, status=step)
    return (await append(chat, ticket, status=target, reason=reason))[1]


async def append(chat: Chat, ticket: Ticket, *, tell: bool = True, **entry: Any) -> tuple[Ticket, Told]:
    """Append an official's update and tell everyone who follows the ticket; the ticket now, and who hears of it."""
    held = {office.body: office.name for office in await my_offices(chat)}
    others = [] if ticket.body in held else await passing.beside(chat.work, ticket.code)
    acting = next((each for each in others if each in held), ticket.body)
    body, name = chat.pack.body(acting), held.get(acting, "")
    change = msgspec.convert({"actor": "official", "person_id": chat.person.id, "body": acting, **entry}, Change)
    if name and body and body.show_official_names and change.words:
        change = msgspec.structs.replace(change, words=f"{change.words} ({name})")
    after = await tickets.append(chat.work, ticket, change)
    return after, await notices.tell_watchers(chat, after) if tell else Told()


async def told_official(chat: Chat) -> None:
    """A citizen did something: a new ticket, an answer, "it is not fixed"."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]))
    seq = int(chat.args["seq"])
    if ticket is None:
        return None
    if seq == 1:
        return await show_ticket(chat, ticket, "told-new-ticket")
    entry = next((e for e in await tickets.history(chat.work, ticket.code, public_only=False) if e.seq == seq), None)
    if entry is None:
        return None
    if entry.status == "received" or (entry.actor == "citizen" and entry.body):
        return await _tell_arrival(chat, ticket, entry)
    told = "told-answer-files" if entry.media and not entry.words else "told-answer"
    if entry.person_id != ticket.person_id and (joined := await joined_line(chat, ticket.code)):
        chat.remark("told-by-supporter", joined=joined)
    return await chat.say(
        f"told-{entry.status}" if entry.status in ("reopened", "confirmed", "withdrawn") else told,
        code=show_code(ticket.code),
        category=category_name(chat, ticket),
        said=quoted(chat, entry.words),
        media=entry.media,
        options=await steps_of(chat, ticket),
        columns=2,
        ticket=ticket.code,
    )


async def _tell_arrival(chat: Chat, ticket: Ticket, entry: Update) -> None:
    """It was passed to this body, or who reported it set it right: then it may have left as well."""
    if entry.actor == "system":
        given = await tickets.step(chat.work, ticket.code, entry.seq - 1)
        giver, said = (body_name(chat, given.body), quoted(chat, given.reason)) if given else ("", "")
        return await show_ticket(chat, ticket, "told-passed-ticket", giver=giver, said=said)
    said = entry.words
    if await has_part(chat, ticket):
        return await show_ticket(chat, ticket, "told-refiled-ticket", said=said)
    code, body = show_code(ticket.code), body_name(chat, ticket.body)
    return await chat.say("told-refiled-away", code=code, body=body, said=said, ticket=ticket.code)


async def my_offices(chat: Chat) -> list[Office]:
    """The bodies this person acts for here."""
    return await officials.offices(chat.work, chat.person)


async def acts_for(chat: Chat, body: str) -> bool:
    """True when this person may act for the body."""
    return body in [office.body for office in await my_offices(chat)]


async def has_part(chat: Chat, ticket: Ticket) -> bool:
    """True when this person may act for the body that leads, or for one that stands beside it."""
    held = {office.body for office in await my_offices(chat)}
    return ticket.body in held or bool(held and held & set(await passing.beside(chat.work, ticket.code)))


def split_status(chat: Chat, rest: str) -> tuple[str, str]:
    """(status, reason) of what follows a code: "en obra la cuadrilla va mañana"; ("", rest) when no status leads."""
    words = rest.split()
    for count in range(min(5, len(words)), 0, -1):
        typed = " ".join(words[:count])
        status = chat.words.statuses.get(fold(typed)) or (typed if typed in tickets.STATUSES else "")
        if status:
            return status, " ".join(words[count:]).lstrip("-:,. ")
    return "", rest


def reachable(status: str) -> tuple[str, ...]:
    """The statuses an official may choose from here, implied steps included."""
    return tuple(to for to in tickets.STATUSES if tickets.way(status, to))


async def own_ticket(chat: Chat, *, beside: bool = False) -> Ticket | None:
    """The ticket a command names, if it is one of the official's own bodies; else the refusal is said.

    `beside` allows one too that another body leads and hers only has as well.
    """
    if not await my_offices(chat):
        await chat.say("not-official")
        return None
    ticket = await ask_ticket(chat)
    if ticket is None:
        return None
    if not await (has_part(chat, ticket) if beside else acts_for(chat, ticket.body)):
        await chat.say("not-your-body", code=show_code(ticket.code), body=body_name(chat, ticket.body))
        return None
    return ticket


async def _say_no_way(chat: Chat, ticket: Ticket, target: str) -> None:
    can = ", ".join(status_name(chat, to) for to in reachable(ticket.status))
    await chat.say(
        "status-no-way" if can else "status-final",
        code=show_code(ticket.code),
        status=status_name(chat, ticket.status),
        target=status_name(chat, target),
        can=can,
        ticket=ticket.code,
    )


def _show_menu(chat: Chat) -> None:
    """Have the messenger show an official's commands in this chat, where it can."""
    chat.work.post(
        account="errands",
        lane=f"menu:{chat.person.address_id}",
        kind="errand",
        payload={"do": "menu", "account": chat.person.account, "chat": chat.person.chat, "language": chat.language},
        effect_key=f"menu:{chat.work.cause}",
        address_id=chat.person.address_id,
    )


async def _use_invite(chat: Chat, code: str) -> list[str]:
    used = await officials.use_invite(chat.work, code)
    if used is None:
        return []
    person_id, address_id = chat.person.id, chat.person.address_id
    if chat.person.group:
        # The group itself becomes the office: whoever its admins let in may act for the body, there and only there.
        address_id, person_id = await people.make_chat_address(
            chat.work, chat.person.account, chat.person.chat, chat.language
        )
    await officials.appoint(chat.work, person_id, address_id, used.bodies, used.role, used.name)
    return used.bodies
