"""What an official does to a ticket: take it, answer, move it on; everyone who follows it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from bot.choices import Choice
from bot.questions import Item, Photos
from handlers import notices
from handlers.changes import by_official
from handlers.codes import code_within, split_code
from handlers.holding import colleague_name, kept_by_another, tell_taken_over
from handlers.inbox import steps, steps_of
from handlers.lengths import fit_words
from handlers.notices import Told
from handlers.reaching import why_untold
from handlers.rights import allowed, my_offices, own_ticket
from handlers.targets import look_after
from handlers.templates import Ready, answers_for, moments_of
from handlers.views import day, status_name
from locales import fold
from routing.dates import split_day
from storage import evidence, passing, planning, statuses, tickets, updates
from storage.codes import show_code
from storage.statuses import NEED_REASON

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Update


# Two who do something within so many seconds of each other do it at once.
JUST_NOW = 600.0
MOST_ANSWER, MOST_REASON = 1500, 1000


async def take(chat: Chat) -> None:
    """ "I have seen it and it is mine"."""
    if (ticket := await own_ticket(chat, "take")) is None:
        return
    if ticket.status != "received" and not chat.did("take"):
        return await say_who_was_first(chat, ticket)
    if not chat.did("take") and await kept_by_another(chat, ticket):
        return

    async def effect() -> Told:
        await planning.assign(chat.work, ticket.code, chat.person.id)
        after, told = await append(chat, ticket, status="acknowledged")
        await tell_taken_over(chat, ticket, after.update_seq, chat.person.id)
        return told

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
    if (ticket := await own_ticket(chat, "respond")) is not None:
        await answer_citizen(chat, ticket)


async def answer_citizen(chat: Chat, ticket: Ticket) -> None:
    """Words for the citizen, public; a question makes the ticket wait for her."""
    _, words = split_code(str(chat.args.get("rest", "")))
    words = await fit_words(chat, ticket, words, MOST_ANSWER)
    if not words:
        ready = answers_for(chat, ticket, *moments_of(ticket.status))
        asked = Ready("ask-response", ready, most=MOST_ANSWER, or_files=True, code=show_code(ticket.code))
        words = await chat.ask("words", asked)
    photos = await chat.ask("photos", Photos(quiet=True))
    leads = await allowed(chat, "status", ticket)
    asks = leads and _asks(words) and (ticket.open or chat.did("responded"))
    files = tuple(photo.id for photo in photos)
    status, told = await chat.do("responded", lambda: respond_with(chat, ticket, words, files, leads=leads))
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


async def respond_with(
    chat: Chat, ticket: Ticket, words: str, files: tuple[str, ...] = (), *, leads: bool = True
) -> tuple[str, Told]:
    """Append an answer: whose body `leads` has seen the ticket with it, and whoever asks something waits."""
    seen = "acknowledged" if leads and ticket.status == "received" else ""
    waits = leads and _asks(words) and ticket.open and ticket.status != "waiting_citizen"
    status = "waiting_citizen" if waits else seen
    after, told = await append(chat, ticket, status=status, words=words, media=files)
    return after.status, told


def _asks(words: str) -> bool:
    return words.rstrip().endswith("?")


async def set_status(chat: Chat, ticket: Ticket, rest: str) -> None:
    """`/estado CODE status [reason]`, by an official of the ticket's body."""
    # Between a question and its answer somebody else may have been here: nothing of hers is overwritten.
    seen = await chat.recall("seen", lambda: ticket.status)
    typed, reason = split_status(chat, rest)
    if ticket.status != seen and not chat.did("moved"):
        return await say_who_was_first(chat, ticket)
    if typed == ticket.status and not chat.did("moved"):
        return await say_who_was_first(chat, ticket)
    if not typed and not reachable(ticket.status) and not chat.did("moved"):
        return await chat.say("already-closed", code=show_code(ticket.code), status=status_name(chat, ticket.status))
    target = typed or await _ask_target(chat, ticket)
    if not chat.did("moved"):
        if statuses.way(ticket.status, target) is None:
            return await _say_in_vain(chat, ticket, target)
        _lead_on(chat, ticket, target, reason)
    said, files = await _ask_words(chat, ticket, target, reason if typed else "")
    # The same arrow as `/tomar` is the same step; a picture with it is an answer.
    takes = (seen, target) == ("received", "acknowledged") and not files
    if takes and not chat.did("moved") and await kept_by_another(chat, ticket):
        return None
    why = why_untold(chat, await chat.do("moved", lambda: _lead(chat, ticket, target, said, files, takes=takes)))
    now = msgspec.structs.replace(ticket, status=target)
    took, moved = ("taken-untold", "status-set-untold") if why else ("taken", "status-set")
    return await chat.say(
        took if takes else moved,
        code=show_code(ticket.code),
        why=why,
        status=status_name(chat, target),
        options=steps(chat, now),
        columns=2,
        ticket=ticket.code,
    )


async def _ask_target(chat: Chat, ticket: Ticket) -> str:
    offered = await chat.recall("offered", lambda: list(reachable(ticket.status)))
    items = tuple(Item(to, status_name(chat, to)) for to in offered)
    return str(
        await chat.ask(
            "target",
            Choice(items, "ask-status", recognise=lambda t: split_status(chat, t)[0], code=show_code(ticket.code)),
        )
    )


def _lead_on(chat: Chat, ticket: Ticket, target: str, reason: str) -> None:
    """What is done in a conversation of its own goes on there."""
    if ticket.status == "duplicate" and target == "reopened" and ticket.duplicate_of:
        chat.become("split", rest=ticket.code)
    if target == "not_responsible":
        chat.become("pass", code=ticket.code, to=reason)
    if target == "planned" and (not reason or _begins_with_a_day(chat, reason)):
        chat.become("plan", rest=f"{ticket.code} {reason}".strip())


def _begins_with_a_day(chat: Chat, words: str) -> bool:
    """True of a day that can be promised, and of one that is past or too far: it is asked for again there."""
    calendar = chat.pack.timetable.calendar
    return split_day(words, chat.language, calendar.day(chat.now), calendar)[0] != "unclear"


async def _lead(chat: Chat, ticket: Ticket, target: str, reason: str, files: tuple[str, ...], *, takes: bool) -> Told:
    """Move it on, into her hands where she takes it; what is planned without a day has none any more."""
    if takes:
        await planning.assign(chat.work, ticket.code, chat.person.id)
        await tell_taken_over(chat, ticket, ticket.update_seq + 1, chat.person.id)
    if target == "planned":
        await planning.promise(chat.work, ticket.code, None)
    return await move(chat, ticket, target, reason, media=files)


async def _ask_words(chat: Chat, ticket: Ticket, target: str, reason: str) -> tuple[str, tuple[str, ...]]:
    """The words that a status needs, and what is shown with them."""
    code, ready = show_code(ticket.code), answers_for(chat, ticket, target)
    reason = await fit_words(chat, ticket, reason, MOST_REASON)
    if target in NEED_REASON and not reason:
        of = "ask-duplicate-of" if target == "duplicate" else "ask-reason"
        reason = await chat.ask("reason", Ready(of, ready, most=MOST_REASON, status=status_name(chat, target)))
    if target == "duplicate" and (into := code_within(reason)) and not chat.did("moved"):
        chat.become("merge", rest=f"{ticket.code} {into}")
    if target == "waiting_citizen" and not reason:
        reason = await chat.ask("question", Ready("ask-question", ready, most=MOST_REASON, code=code))
    if target == "resolved":
        return await _ask_what_was_done(chat, ticket, reason)
    photos = await chat.ask("photos", Photos(quiet=True))
    return reason, tuple(photo.id for photo in photos)


async def _say_in_vain(chat: Chat, ticket: Ticket, target: str) -> None:
    """Why it cannot go there: whoever has just closed it was first, and nobody does it over."""
    just_closed = not ticket.open and ticket.closed_at is not None and ticket.closed_at > chat.now - JUST_NOW
    if just_closed and await moved_by_another(chat, ticket):
        return await say_who_was_first(chat, ticket)
    return await say_no_way(chat, ticket, target)


async def moved_by_another(chat: Chat, ticket: Ticket) -> Update | None:
    """The last step of a ticket's status, or day promised for it, where that was another official's."""
    history = await updates.history(chat.work, ticket.code, public_only=False)
    last = next((each for each in reversed(history) if each.status or each.action == "planned"), None)
    theirs = last is not None and last.actor == "official" and last.person_id not in (None, chat.person.id)
    return last if theirs else None


async def say_who_was_first(chat: Chat, ticket: Ticket) -> None:
    """Tell an official that a colleague was there before her, who it was and when."""
    last = await moved_by_another(chat, ticket)
    code, status = show_code(ticket.code), status_name(chat, ticket.status)
    if last is None:
        return await chat.say("already-taken", code=code, status=status, ticket=ticket.code)
    who = await colleague_name(chat, ticket.body, last.person_id or 0)
    options = await steps_of(chat, ticket)
    return await chat.say(
        "who-was-first",
        code=code,
        who=who,
        status=status,
        when=day(chat, last.at),
        options=options,
        columns=2,
        ticket=ticket.code,
    )


async def _ask_what_was_done(chat: Chat, ticket: Ticket, said: str) -> tuple[str, tuple[str, ...]]:
    """What was done, in words, and photos of it: who says it in one line is not asked for a picture as well."""
    code = show_code(ticket.code)
    if said:
        photos = await chat.ask("done-photos", Photos(quiet=True))
    else:
        ready = answers_for(chat, ticket, "resolved")
        said = await chat.ask("done", Ready("ask-done", ready, most=MOST_REASON, code=code))
        before = await chat.recall("before", lambda: evidence.before(chat.work, ticket.code, ticket.update_seq + 1))
        key = "ask-done-photo" if before else "ask-done-photo-alone"
        photos = await chat.ask("done-photos", Photos(key, code=code))
    return said, tuple(photo.id for photo in photos)


async def move(chat: Chat, ticket: Ticket, target: str, reason: str, **entry: Any) -> Told:
    """Lead a ticket to a status by the graph's arrows; only the last step, with its `entry`, is told to the citizen."""
    way = statuses.way(ticket.status, target) or (target,)
    for step in way[:-1]:
        ticket, _ = await append(chat, ticket, tell=False, status=step)
    return (await append(chat, ticket, status=target, reason=reason, **entry))[1]


async def append(chat: Chat, ticket: Ticket, *, tell: bool = True, **entry: Any) -> tuple[Ticket, Told]:
    """Append an official's update and tell everyone who follows the ticket; the ticket now, and who hears of it."""
    held = {office.body: office.name for office in await my_offices(chat)}
    others = [] if ticket.body in held else await passing.beside(chat.work, ticket.code)
    acting = next((each for each in others if each in held), ticket.body)
    body, name = chat.pack.body(acting), held.get(acting, "")
    if name and body and body.show_official_names and entry.get("words"):
        entry["words"] = f"{entry['words']} ({name})"
    if entry.get("public", True) and not entry.get("action"):
        entry["look_at"] = look_after(chat.pack, ticket, str(entry.get("status", "")), chat.now)
    after = await tickets.append(chat.work, ticket, by_official(chat, **{"body": acting, **entry}))
    return after, await notices.tell_followers(chat.work, after) if tell else Told()


def split_status(chat: Chat, rest: str) -> tuple[str, str]:
    """(status, reason) of what follows a code: "en obra la cuadrilla va mañana"; ("", rest) when no status leads."""
    words = rest.split()
    for count in range(min(5, len(words)), 0, -1):
        typed = " ".join(words[:count])
        status = chat.words.statuses.get(fold(typed)) or (typed if typed in statuses.STATUSES else "")
        if status:
            return status, " ".join(words[count:]).lstrip("-:,. ")
    return "", rest


def reachable(status: str) -> tuple[str, ...]:
    """The statuses an official may choose from here, implied steps included."""
    return tuple(to for to in statuses.STATUSES if statuses.way(status, to))


async def say_no_way(chat: Chat, ticket: Ticket, target: str) -> None:
    """Tell an official that a ticket cannot go there from where it is, and where it can go."""
    can = ", ".join(status_name(chat, to) for to in reachable(ticket.status))
    await chat.say(
        "status-no-way" if can else "status-final",
        code=show_code(ticket.code),
        status=status_name(chat, ticket.status),
        target=status_name(chat, target),
        can=can,
        ticket=ticket.code,
    )
