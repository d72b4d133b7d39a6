"""`/deshacer`: an official's own last step, within a minute and as long as nothing happened since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.questions import Item
from handlers import notices
from handlers.changes import by_official
from handlers.inbox import steps_of
from handlers.priorities import read_priority
from handlers.rights import my_offices, own_ticket
from handlers.targets import targets_of
from handlers.views import day_promised, status_name
from storage import hands, tickets, undoing, updates
from storage.codes import show_code
from storage.inboxes import waits_for_answer
from storage.taken_back import UNDONE, last_steps, what_stands
from storage.team import members
from storage.undoing import Kept, is_taking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from storage.tickets import Ticket
    from storage.updates import Update

# What a step of its own sets right, and how that is said.
CANNOT = {"hidden": "undo-hidden", "corrected": "undo-hidden", "blocked": "undo-blocked"}


async def undo(chat: Chat) -> None:
    """Take the last step back; without a code, whichever ticket it was about."""
    if not chat.args.get("rest") and await my_offices(chat):
        last = await chat.recall("last", lambda: undoing.last_code(chat.work, chat.person.id))
        if last is None:
            return await chat.say("undo-nothing")
        chat.become("undo", command="undo", rest=last)
    if (ticket := await own_ticket(chat, "undo")) is None:
        return None
    history = await updates.history(chat.work, ticket.code, public_only=False)
    steps = last_steps(history, chat.person.id)
    if why := _why_not(chat, ticket, history, steps):
        options = _another_way(chat, ticket, why)
        return await chat.say(why, code=show_code(ticket.code), options=options, ticket=ticket.code)
    if await chat.do("taken-back", lambda: _take_back(chat, ticket, history, steps)):
        chat.remark("undone-for-all")
    now = await tickets.by_code(chat.work, ticket.code) or ticket
    return await chat.say(
        "undone-step",
        code=show_code(now.code),
        status=status_name(chat, now.status),
        options=await steps_of(chat, now),
        columns=2,
        ticket=now.code,
    )


def _why_not(chat: Chat, ticket: Ticket, history: Sequence[Update], steps: Sequence[Update]) -> str:
    """Why nothing is taken back: the key of what is said; "" when it can be."""
    if not steps:
        return "undo-nothing-of-yours"
    if chat.now - steps[-1].at > undoing.WITHIN:
        return "undo-late"
    if history[-1].seq != steps[-1].seq:
        return "undo-since"
    if undoing.takes_back(history, steps, ticket.status):
        return ""
    return CANNOT.get(steps[-1].action, "undo-cannot")


def _another_way(chat: Chat, ticket: Ticket, why: str) -> tuple[Item, ...]:
    """The button for the step that sets right what no undo does."""
    if why == "undo-hidden":
        return (Item(f"/free {ticket.code}", chat.text("show-again")),)
    return (Item(f"/unblock {ticket.code}", chat.text("lift")),) if why == "undo-blocked" else ()


async def _take_back(chat: Chat, ticket: Ticket, history: Sequence[Update], steps: Sequence[Update]) -> bool:
    """Take the steps back; True when who had the ticket before has left, so that it is everybody's now."""
    before = undoing.status_before(history, steps)
    public = any(each.public for each in steps)
    status = before if before != ticket.status else ""
    entry = by_official(chat, body=steps[-1].body, status=status, action=UNDONE, public=public)
    earlier = what_stands([each for each in history if each.seq < steps[0].seq])
    kept, left = await _kept(chat, ticket, earlier, steps)
    heard = await undoing.recall(chat.work, ticket.code, steps)
    thought = await undoing.recall_hands(chat.work, ticket.code, steps) if kept.taken_by != ticket.taken_by else []
    after = await undoing.undo(chat.work, ticket, entry, steps, kept)
    for address_id in heard:
        notices.tell_follower(chat.work, after, address_id)
    for address_id in thought:
        notices.tell(chat.work, address_id, "told-taken-over", after.code, after.update_seq, undone="yes")
    return left


async def _kept(chat: Chat, ticket: Ticket, earlier: Sequence[Update], steps: Sequence[Update]) -> tuple[Kept, bool]:
    """What the history tells of how the ticket was before, and whether who had it has left; the rest stays."""
    done = {each.action for each in steps}
    taken = "assigned" in done or any(is_taking(steps, each) for each in steps)
    had, left = await _taken_before(chat, ticket, earlier) if taken else (ticket.taken_by, False)
    priority = _priority_before(earlier) if "priority" in done else ticket.priority
    answer_by, close_by = _targets_before(chat, ticket, earlier, priority)
    kept = Kept(
        planned_for=_planned_before(chat, earlier) if "planned" in done else ticket.planned_for,
        priority=priority,
        taken_by=had,
        answer_by=answer_by,
        close_by=close_by,
    )
    return kept, left


def _planned_before(chat: Chat, earlier: Sequence[Update]) -> float | None:
    days = [day for each in earlier if (day := day_promised(each))]
    return chat.pack.timetable.calendar.shift(days[-1]).end if days else None


def _targets_before(
    chat: Chat, ticket: Ticket, earlier: Sequence[Update], priority: str
) -> tuple[float | None, float | None]:
    """Until when it was to be answered and closed: other than now only where it became urgent, or was so before."""
    is_urgent = chat.pack.timetable.is_urgent
    if is_urgent(ticket.category, priority) == is_urgent(ticket.category, ticket.priority) or ticket.close_by is None:
        return ticket.answer_by, ticket.close_by
    answer_by, close_by = targets_of(chat.pack, ticket, earlier, priority)
    return answer_by if waits_for_answer(ticket) else ticket.answer_by, close_by


def _priority_before(earlier: Sequence[Update]) -> str:
    said = [read_priority(each.reason) for each in earlier if each.action == "priority"]
    return (said[-1] if said else "") or ""


async def _taken_before(chat: Chat, ticket: Ticket, earlier: Sequence[Update]) -> tuple[int | None, bool]:
    """(who had it, True when she has left): to whom it was last assigned, else who took it; None for nobody."""
    # Whoever had it before it came to this body has it no more.
    arrived = max((n for n, each in enumerate(earlier) if each.status == "received"), default=0)
    earlier = earlier[arrived:]
    act = next((each for each in reversed(earlier) if each.action == "assigned" or is_taking(earlier, each)), None)
    had = None if act is None else act.whom if act.action == "assigned" else act.person_id
    if act is None or had is None:
        return None, False
    if had == act.person_id:
        # She may have done it in a team's group, where she has no office of her own.
        stays = await hands.still_acts(chat.work, ticket.body, act)
    else:
        stays = any(each.person_id == had for each in await members(chat.work, [ticket.body], lock=True))
    return (had, False) if stays else (None, True)
