"""How officials order their work: who does it, how pressing it is, for which day it is planned, internal notes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from bot.answers import Said, Took, Unclear
from bot.choices import Choice
from bot.questions import Item, Words
from handlers import notices
from handlers.changes import by_official
from handlers.codes import split_code
from handlers.holding import kept_by_another, nameless, tell_taken_over
from handlers.inbox import show_ticket, steps, steps_of
from handlers.lengths import fit_words
from handlers.priorities import NORMAL, PRIORITY_NAMES, read_priority
from handlers.reaching import why_untold
from handlers.rights import allowed, own_ticket, refused
from handlers.targets import reweigh
from handlers.team import member_name
from handlers.working import append, move, moved_by_another, say_no_way, say_who_was_first
from locales import LANGUAGES, catalog, fold
from routing.dates import show_day, split_day
from storage import planning, statuses, tickets
from storage.codes import show_code
from storage.team import members

if TYPE_CHECKING:
    from bot.conversation import Chat
    from locales import Catalog
    from routing.calendar import Calendar
    from routing.dates import Fault
    from storage.team import Member
    from storage.tickets import Ticket

MOST_WORDS = 1000
FAULTS: dict[Fault, str] = {"unclear": "unclear-day", "past": "day-past", "far": "day-far"}


async def assign(chat: Chat) -> None:
    """`/asignar CODE [name]`: to somebody of the body's team; an agent only takes it herself."""
    if (ticket := await own_ticket(chat, "take")) is None:
        return None
    if not ticket.open and not chat.did("given"):
        return await say_no_way(chat, ticket, "acknowledged")
    _, typed = split_code(str(chat.args.get("rest", "")))
    team = await members(chat.work, [ticket.body], lock=True)
    mine = await chat.recall("mine", lambda: not typed or _means_me(typed))
    leads = await allowed(chat, "assign", ticket)
    if not chat.did("given") and await kept_by_another(chat, ticket):
        return None
    if mine and (typed or not leads):
        return await _hand_to(chat, ticket, _myself(chat, team))
    member = _named(chat, team, typed)
    if not leads and (member is None or member != _myself(chat, team)):
        await refused(chat, "assign", ticket)
        return None
    return await _hand_to(chat, ticket, member or await _ask_member(chat, ticket, team))


async def told_assigned(chat: Chat) -> None:
    """A colleague gave her a ticket: all of it, as if she had opened it."""
    ticket = await tickets.by_code(chat.work, str(chat.args["code"]), lock=False)
    if ticket is not None and ticket.open and ticket.taken_by == chat.person.id:
        await show_ticket(chat, ticket, "told-assigned-ticket")


async def note(chat: Chat) -> None:
    """`/nota CODE words`: for the officials of the bodies that have the ticket, and nobody else."""
    if (ticket := await own_ticket(chat, "note")) is None:
        return None
    code = show_code(ticket.code)
    _, words = split_code(str(chat.args.get("rest", "")))
    words = await fit_words(chat, ticket, words, MOST_WORDS)
    if not words:
        words = await chat.ask("words", Words("ask-note", most=MOST_WORDS, code=code))
    await chat.do("noted", lambda: _write(chat, ticket, action="noted", words=words, public=False))
    return await chat.say("noted-inside", code=code, ticket=ticket.code)


async def prioritise(chat: Chat) -> None:
    """`/prioridad CODE baja|normal|alta|urgente`."""
    if (ticket := await own_ticket(chat, "priority")) is None:
        return None
    code = show_code(ticket.code)
    _, typed = split_code(str(chat.args.get("rest", "")))
    chosen = read_priority(typed)
    if chosen is None:
        items = tuple(Item(value or NORMAL, chat.text(key)) for value, key in PRIORITY_NAMES.items())
        asked = Choice(items, "ask-priority", recognise=_recognise, columns=2, code=code)
        chosen = str(await chat.ask("priority", asked)).replace(NORMAL, "")
    name = chat.text(PRIORITY_NAMES[chosen])
    if chosen == ticket.priority and not chat.did("prioritised"):
        return await chat.say("priority-already", code=code, priority=name)
    await chat.do("prioritised", lambda: _prioritise(chat, ticket, chosen))
    options = await steps_of(chat, ticket)
    return await chat.say("priority-set", code=code, priority=name, options=options, columns=2, ticket=ticket.code)


async def plan(chat: Chat) -> None:
    """`/planificar CODE day [words]`: who reported it is told the day."""
    if (ticket := await own_ticket(chat, "plan")) is None:
        return None
    # Between the question and its answer a colleague may have promised another day.
    seen = await chat.recall("seen", lambda: [ticket.status, ticket.planned_for])
    changed = seen != [ticket.status, ticket.planned_for] and not chat.did("planned")
    if changed and await moved_by_another(chat, ticket):
        return await say_who_was_first(chat, ticket)
    if not chat.did("planned") and not can_be_planned(ticket):
        return await say_no_way(chat, ticket, "planned")
    day, words = await _ask_day(chat, ticket)
    words = await fit_words(chat, ticket, words, MOST_WORDS)
    why = why_untold(chat, await chat.do("planned", lambda: _promise(chat, ticket, day, words)))
    calendar = chat.pack.timetable.calendar
    if not calendar.works_on(day):
        chat.remark("day-off")
    now = msgspec.structs.replace(ticket, status="planned")
    return await chat.say(
        "day-set-untold" if why else "day-set",
        code=show_code(ticket.code),
        when=show_day(day, chat.language, calendar.day(chat.now)),
        why=why,
        options=steps(chat, now),
        columns=2,
        ticket=ticket.code,
    )


class Day(Words):
    """A day, with words behind it or not: what is taken is the day in figures, and the words."""

    columns: int = 2

    def __init__(self, text: str, calendar: Calendar, now: float, language: str, **values: Any) -> None:
        super().__init__(text, **values)
        self.calendar = calendar
        self.today = calendar.day(now)
        self.language = language

    def items(self, words: Catalog) -> tuple[Item, ...]:
        near = [self.calendar.day(self.calendar.next_working(self.calendar.at(self.today, 1440)))]
        sunday = (6 - self.today.weekday()) % 7
        ends = [_last_working(self.calendar, self.today, sunday + days) for days in (0, 7, 14)]
        near += [day for day in ends if day and day > self.today][:2]
        return tuple(Item(str(day), show_day(day, self.language, self.today)) for day in dict.fromkeys(near))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        number = said.text.strip()
        if number.isdecimal() and len(number) < 2 and 1 <= int(number) <= len(shown):
            return Took(shown[int(number) - 1], frozenset({"text"}))
        found, rest = split_day(said.tapped or said.text, self.language, self.today, self.calendar)
        if not isinstance(found, date):
            return Unclear(FAULTS[found])
        return Took(f"{found} {rest}".strip(), frozenset({"text"}))


def can_be_planned(ticket: Ticket) -> bool:
    """True while a day can be promised; a promised one can be put off."""
    return ticket.status == "planned" or statuses.way(ticket.status, "planned") is not None


def _recognise(typed: str) -> str | None:
    found = read_priority(typed)
    return None if found is None else found or NORMAL


def _last_working(calendar: Calendar, today: date, days: int) -> date | None:
    """The last working day within so many days; None where nobody works on any of them."""
    ahead = (date.fromordinal(today.toordinal() + n) for n in range(days, 0, -1))
    return next((day for day in ahead if calendar.works_on(day)), None)


async def _ask_day(chat: Chat, ticket: Ticket) -> tuple[date, str]:
    calendar = chat.pack.timetable.calendar
    _, typed = split_code(str(chat.args.get("rest", "")))
    read = await chat.recall("read", lambda: _read(chat, typed))
    if read["fault"]:
        chat.remark(FAULTS[read["fault"]])
    promised = read["day"]
    if not promised:
        asked = Day("ask-day", calendar, chat.now, chat.language, code=show_code(ticket.code))
        promised = await chat.ask("day", asked)
    day, _, words = str(promised).partition(" ")
    return date.fromisoformat(day), words


def _read(chat: Chat, typed: str) -> dict[str, str]:
    """What the command itself says of the day; what it says wrongly is remarked, nothing is not."""
    if not typed:
        return {"day": "", "fault": ""}
    calendar = chat.pack.timetable.calendar
    found, words = split_day(typed, chat.language, calendar.day(chat.now), calendar)
    if isinstance(found, date):
        return {"day": f"{found} {words}".strip(), "fault": ""}
    return {"day": "", "fault": found}


async def _promise(chat: Chat, ticket: Ticket, day: date, words: str) -> object:
    await planning.promise(chat.work, ticket.code, chat.pack.timetable.calendar.shift(day).end)
    entry: dict[str, Any] = {"action": "planned", "words": words}
    if ticket.status == "planned":
        return (await append(chat, ticket, reason=day.isoformat(), **entry))[1]
    return await move(chat, ticket, "planned", day.isoformat(), **entry)


async def _prioritise(chat: Chat, ticket: Ticket, chosen: str) -> None:
    await planning.prioritise(chat.work, ticket.code, chosen)
    await _write(chat, ticket, action="priority", reason=chosen or NORMAL, public=False)
    await reweigh(chat.work, chat.pack, ticket, chosen)


async def _write(chat: Chat, ticket: Ticket, **entry: Any) -> int:
    after, _ = await append(chat, ticket, tell=False, **entry)
    return after.update_seq


def _means_me(typed: str) -> bool:
    return fold(typed) in {fold(catalog(each).text("myself")) for each in LANGUAGES}


def _myself(chat: Chat, team: list[Member]) -> Member | None:
    return next((each for each in team if each.person_id == chat.person.id), None)


def _named(chat: Chat, team: list[Member], typed: str) -> Member | None:
    """The one of the team whose name begins so; None where nobody's does, or several."""
    wanted = fold(typed)
    names = {each.id: fold(member_name(chat, each)) for each in team}
    exact = [each for each in team if names[each.id] == wanted]
    found = exact or [each for each in team if wanted and names[each.id].startswith(wanted)]
    return found[0] if len(found) == 1 else None


async def _ask_member(chat: Chat, ticket: Ticket, team: list[Member]) -> Member | None:
    mine = _myself(chat, team)
    items = tuple(Item(str(each.id), chat.text("myself") if each == mine else member_name(chat, each)) for each in team)
    chosen = await chat.ask("member", Choice(items, "ask-assign", code=show_code(ticket.code)))
    return next((each for each in team if str(each.id) == chosen), None)


async def _hand_to(chat: Chat, ticket: Ticket, member: Member | None) -> None:
    """Note who has it now, and tell her; without a `member` it is whoever writes, as in a team's group."""
    mine = member is None or member.person_id == chat.person.id
    who = nameless(chat.language, chat.person.id) if member is None else member_name(chat, member)
    await chat.do("given", lambda: _assign(chat, ticket, member, who))
    now = await tickets.by_code(chat.work, ticket.code, lock=False) or ticket
    key = "assigned-to-me" if mine else "assigned"
    options = await steps_of(chat, now)
    await chat.say(key, code=show_code(ticket.code), who=who, options=options, columns=2, ticket=ticket.code)


async def _assign(chat: Chat, ticket: Ticket, member: Member | None, who: str) -> None:
    person_id = chat.person.id if member is None else member.person_id
    await planning.assign(chat.work, ticket.code, person_id)
    entry = by_official(chat, action="assigned", body=ticket.body, reason=who, whom=person_id, public=False)
    after = await tickets.append(chat.work, ticket, entry)
    await tell_taken_over(chat, ticket, after.update_seq, person_id)
    if member is not None and member.address_id != chat.person.address_id:
        notices.tell(chat.work, member.address_id, "told-assigned", ticket.code, after.update_seq)
