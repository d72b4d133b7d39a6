"""In whose hands a ticket is: the official of a body who acted on it last, and where she hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage import fallback, officials, people, updates
from storage.taken_back import what_stands

if TYPE_CHECKING:
    from storage.officials import Hearer
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work

# Who has left a citizen's words unanswered for so long is not waited for any longer: all of the body hear the next.
SILENT_AFTER = 2 * 86400.0
NO_WORD_EXPECTED = ("confirmed", "withdrawn")


def last_act(history: Sequence[Update], body: str) -> Update | None:
    """The last thing that an official of this body did for the citizen, or to give the ticket to a colleague."""
    acts = (each for each in reversed(what_stands(history)) if each.actor == "official" and each.body == body)
    return next((each for each in acts if each.public or each.action == "assigned"), None)


def is_silent(history: Sequence[Update], act: Update, now: float) -> bool:
    """True when a citizen has waited for long since the last thing that was done."""
    after = (each for each in history if each.seq > act.seq and each.actor == "citizen" and each.public)
    return any(each.at < now - SILENT_AFTER for each in after if each.status not in NO_WORD_EXPECTED)


async def of_body(work: Work, found: Ticket, body: str) -> int | None:
    """The address of the official of this body in whose hands the ticket is; None when she is gone or silent."""
    history = await updates.history(work, found.code, public_only=False)
    act = last_act(history, body)
    if act is None or is_silent(history, act, work.now):
        return None
    assigned = act.action == "assigned"
    at = await _office(work, body, found.taken_by if assigned else act.person_id, None if assigned else act.address_id)
    reach = await fallback.reach_of(work, [at]) if at is not None else {}
    return at if at is not None and reach.get(at) == "open" else None


async def still_acts(work: Work, body: str, act: Update) -> bool:
    """True when whoever did this acts for the body still, by herself or in its group."""
    return await _office(work, body, act.person_id, act.address_id) is not None


async def _office(work: Work, body: str, person_id: int | None, address_id: int | None) -> int | None:
    """Where somebody who acted from this address acts for the body: there, in the group around it, or elsewhere."""
    team = await officials.hearers(work, body)
    if address_id in [each.address_id for each in team]:
        return address_id
    if address_id is not None and (group := await _group_office(work, team, address_id)) is not None:
        return group
    return next((each.address_id for each in team if person_id is not None and each.person_id == person_id), None)


async def _group_office(work: Work, team: Sequence[Hearer], address_id: int) -> int | None:
    """Where the group that somebody writes in acts for the body: in her own topic, or else in another one."""
    account, external = (await people.load_by_id(work.connection, [address_id])).get(address_id, ("", ""))
    chat, slash, _ = external.partition("/")
    if not slash:
        return None
    group = chat.partition(":")[0]
    here = [each for each in team if each.account == account and "/" not in each.external]
    topics = [each for each in here if each.external.partition(":")[0] == group]
    found = sorted(topics, key=lambda each: each.external != chat)
    return found[0].address_id if found else None
