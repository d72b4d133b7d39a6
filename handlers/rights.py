"""Who may do what: one table of actions, one function that every official command asks, one that refuses kindly.

Roles belong to a body: an agent works on its tickets, a dispatcher orders the work and cares for what the public sees,
a manager looks after the team. Whoever runs the deployment has the command line and no role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from handlers.codes import ask_ticket
from handlers.views import body_name
from storage import officials, passing
from storage.codes import show_code
from storage.officials import ROLES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.conversation import Chat
    from storage.officials import Office
    from storage.tickets import Ticket


class Right(Struct, frozen=True):
    """The least role that may do it; `beside` lets in a body that only stands beside the one that leads a ticket.

    `group` is false for what nobody does in a team's group, where whoever is let in acts as the team.
    """

    least: str
    beside: bool = False
    group: bool = True


AGENT, AGENT_BESIDE, DISPATCHER = Right("agent"), Right("agent", beside=True), Right("dispatcher")
MANAGER = Right("manager", group=False)
RIGHTS: dict[str, Right] = {
    "inbox": AGENT,
    "numbers": AGENT,
    "digest": AGENT,
    "view": AGENT_BESIDE,
    "map": AGENT_BESIDE,
    "respond": AGENT_BESIDE,
    "note": AGENT_BESIDE,
    "take": AGENT,
    "status": AGENT,
    "plan": AGENT,
    "undo": AGENT,
    "pass": AGENT,
    "merge": AGENT,
    "split": AGENT,
    "assign": DISPATCHER,
    "priority": DISPATCHER,
    "bulk": DISPATCHER,
    "hide": DISPATCHER,
    "correct": DISPATCHER,
    "free": AGENT,
    "block": DISPATCHER,
    "unblock": DISPATCHER,
    "weekly": MANAGER,
    "team": MANAGER,
    "recruit": MANAGER,
    "revoke": MANAGER,
    "dismiss": MANAGER,
    "transfer": MANAGER,
}
# What is done to a report before somebody has let it through or dropped it.
WHILE_HELD = frozenset({"view", "map", "note", "free", "undo", "block", "unblock"})
NEEDS = {"dispatcher": "needs-dispatcher", "manager": "needs-manager"}
# The body that leads a ticket, and those that stand beside it.
Bodies = tuple[str, "Collection[str]"]


def refusal(held: Sequence[Office], action: str, bodies: Bodies | None = None, *, group: bool = False) -> str:
    """Why these offices do not suffice: the key of what is said, "" when they do.

    `bodies` are the one that leads the ticket and those beside it; None for an action that is about no ticket.
    """
    right = RIGHTS[action]
    if not held:
        return "not-official"
    leads, beside = bodies or ("", ())
    near = [office for office in held if bodies is None or office.body == leads]
    if right.beside:
        near += [office for office in held if office.body in beside]
    if not near:
        return "not-your-body"
    if group and not right.group:
        return "not-in-group"
    if any(_suffices(office.acts_as, right) for office in near):
        return ""
    return "not-proved" if any(_suffices(office.role, right) for office in near) else NEEDS[right.least]


def _suffices(role: str, right: Right) -> bool:
    return ROLES.index(role) >= ROLES.index(right.least)


async def allowed(chat: Chat, action: str, ticket: Ticket | None = None) -> bool:
    """True when this person may do it here, to this ticket where it is about one."""
    return not await why_refused(chat, action, ticket)


async def refused(chat: Chat, action: str, ticket: Ticket | None = None) -> bool:
    """True when she may not, and was told why."""
    if why := await why_refused(chat, action, ticket):
        await chat.say(why, **about(chat, ticket))
    return bool(why)


def about(chat: Chat, ticket: Ticket | None) -> dict[str, Any]:
    """What the words of a refusal name."""
    return {} if ticket is None else {"code": show_code(ticket.code), "body": body_name(chat, ticket.body)}


async def own_ticket(chat: Chat, action: str) -> Ticket | None:
    """The ticket that a command names, asked for where it names none, if she may do this to it; None: said why."""
    if not await my_offices(chat):
        await chat.say("not-official")
        return None
    ticket = await ask_ticket(chat, at_work=True, held=action == "free")
    return None if ticket is None or await refused(chat, action, ticket) else ticket


async def acts_here(chat: Chat) -> bool:
    """True while she acts for any body here: who was dismissed by night is told nothing in the morning."""
    return bool(await my_offices(chat))


async def bodies_for(chat: Chat, action: str) -> list[str]:
    """The bodies for which this person may do it here."""
    group = chat.person.group
    return [office.body for office in await my_offices(chat) if not refusal([office], action, group=group)]


async def my_offices(chat: Chat) -> list[Office]:
    """The bodies this person acts for here."""
    return await officials.offices(chat.work, chat.person)


async def why_refused(chat: Chat, action: str, ticket: Ticket | None = None) -> str:
    """Why she may not do it here, the key of what is said; "" when she may."""
    held, bodies = await my_offices(chat), None if ticket is None else (ticket.body, ())
    why = refusal(held, action, bodies, group=chat.person.group)
    # Whom the body that leads lets in is not asked for those beside it.
    if why and held and ticket is not None and RIGHTS[action].beside:
        near = ticket.body, await passing.beside(chat.work, ticket.code)
        why = refusal(held, action, near, group=chat.person.group)
    waits = ticket is not None and ticket.held_at is not None and ticket.open and action not in WHILE_HELD
    return why or ("still-held" if waits else "")
