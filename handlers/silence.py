"""What is done about a ticket's silence: one step at a time, in the transaction of whoever looks at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handlers import notices
from handlers.fixed import ask_again
from handlers.targets import begin_anew
from locales import catalog
from routing.silence import Facts, next_step
from storage import deadlines, officials, passing, tickets, updates, verdicts
from storage.deadlines import ASKED_AGAIN, ESCALATED, REMINDED
from storage.updates import Change

if TYPE_CHECKING:
    from routing.pack import Pack
    from routing.silence import Step, What
    from storage.officials import Hearer
    from storage.tickets import Ticket
    from storage.updates import Update
    from storage.work import Work

AGENT, COLLEAGUE, BODY = "agent", "colleague", "body:"
# What the far ends of a round's messages list at most; the rest is in the inbox.
MOST_LISTED = 10


class Alert(NamedTuple):
    """An official at an address is to hear of a ticket's silence."""

    address_id: int
    code: str
    seq: int
    what: str
    urgent: bool
    due: float


async def look(work: Work, pack: Pack, code: str) -> list[Alert]:
    """Take the step that is due for a ticket, and note when to look again; whom to alert among the officials."""
    found = await tickets.by_code(work, code)
    if found is not None and found.open and (found.answer_by is None or found.close_by is None):
        found = await begin_anew(work, pack, code)
    if found is None:
        return []
    history = await updates.history(work, code, public_only=False)
    facts = await gather(work, pack, found, history)
    step = next_step(facts, work.now, pack.timetable.calendar, pack.timetable.terms)
    if found.held_at is not None and step.what != "request":
        # The body has yet to look whether it is meant; until then its delay is nothing to tell of.
        step = step._replace(tell=False)
    alerts = await _STEPS[step.what](work, pack, found, facts, step) if step.what else []
    await deadlines.note_step(work, code, step.watch_at, step.rung)
    return alerts


async def gather(work: Work, pack: Pack, found: Ticket, history: Sequence[Update]) -> Facts:
    """What counts of a ticket; `history` is all of it, oldest first."""
    told = deadlines.silence_of(found, history)
    urgent = pack.timetable.is_urgent(found.category, found.priority)
    ladder = pack.timetable.ladder(found.body, urgent=urgent)
    team = await officials.hearers(work, found.body)
    body = pack.body(found.body)
    seq = await verdicts.resolution(work, found.code) if found.status == "resolved" else 0
    said = await verdicts.said(work, found, seq) if seq else {}
    return Facts(
        status=found.status,
        since=told.since,
        answer_by=found.answer_by or told.since,
        close_by=found.close_by or told.since,
        planned_for=found.planned_for,
        heard_at=told.heard_at,
        stepped_at=told.stepped_at,
        told_at=told.told_at,
        asked_at=told.asked_at,
        asked_again_at=told.asked_again_at,
        unsure_at=await verdicts.unsure_since(work, found.code, seq) if seq else None,
        doubted="no" in said.values(),
        rung=found.rung,
        urgent=urgent,
        received=bool(team) or bool(body and set(body.delivery) - {"chat"}),
        ladder=ladder,
        manned=tuple([bool(await _on_rung(work, found, climb.to, team)) for climb in ladder]),
    )


def tell_alerts(work: Work, alerts: Sequence[Alert]) -> None:
    """Tell officials: one ticket in a message of its own, several of one round in one message."""
    by_address: dict[tuple[int, bool], list[Alert]] = {}
    for alert in alerts:
        by_address.setdefault((alert.address_id, alert.urgent), []).append(alert)
    for (address_id, _), mine in by_address.items():
        first, codes = mine[0], " ".join(alert.code for alert in mine[:MOST_LISTED])
        alone = {"what": first.what, "due": str(first.due)}
        data = alone if len(mine) == 1 else {"codes": codes, "number": str(len(mine))}
        notices.tell(work, address_id, "told-silence", first.code, first.seq, bulk=False, at=str(work.now), **data)


async def _remind(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    """Whoever has it, before it is too late; nobody else hears of that."""
    words = _history(pack, "history-reminded")
    entry = Change(actor="system", body=found.body, action=REMINDED, words=words, public=False)
    after = await tickets.append(work, found, entry)
    return _alerts(after, facts, "remind", await _expected(work, found, facts))


async def _alarm(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    after = await _escalate(work, pack, found, facts, step, "alarm")
    return _alerts(after, facts, "alarm", await _expected(work, found, facts))


async def _climb(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    team = await officials.hearers(work, found.body)
    after = await _escalate(work, pack, found, facts, step, step.to)
    return _alerts(after, facts, step.to, await _on_rung(work, found, step.to, team))


async def _offer_request(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    await _escalate(work, pack, found, facts, step, "request")
    return []


async def _escalate(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step, to: str) -> Ticket:
    """Write into the history that the silence went up, and tell everyone who follows it, where she is to be told."""
    kind = "closing" if facts.answered else "answer"
    other = pack.body(to.removeprefix(BODY)) if to.startswith(BODY) else None
    key = "history-silence-body" if other else f"history-silence-{to}"
    words = _history(pack, key, body=other.name(pack.info.language) if other else "")
    entry = Change(actor="system", body=found.body, action=ESCALATED, words=words, public=step.tell)
    after = await tickets.append(work, found, entry)
    if step.tell:
        await notices.tell_followers(work, after, silence=to, target=kind)
    return after


async def _ask_again(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    """Remind who reported it of the question."""
    after = await _note_asked(work, pack, found, "history-asked-again")
    if found.address_id is not None:
        notices.tell(work, found.address_id, "told-waiting", found.code, after.update_seq)
    return []


async def _fixed_again(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    if await ask_again(work, found):
        await _note_asked(work, pack, found, "history-fixed-again")
    else:
        # Nobody can be asked: then there is nothing to wait for either.
        await _note_asked(work, pack, found, "history-nobody-to-ask")
    return []


async def _note_asked(work: Work, pack: Pack, found: Ticket, key: str) -> Ticket:
    words = _history(pack, key)
    entry = Change(actor="system", body=found.body, action=ASKED_AGAIN, words=words, public=False)
    return await tickets.append(work, found, entry)


async def _close_unanswered(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    reason = _history(pack, "history-unanswered")
    entry = Change(actor="system", body=found.body, status="declined", reason=reason)
    after = await tickets.append(work, found, entry)
    await notices.tell_followers(work, after, silence="unanswered")
    return []


async def _confirm(work: Work, pack: Pack, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    words = _history(pack, "history-confirmed")
    after = await tickets.append(work, found, Change(actor="system", body=found.body, status="confirmed", words=words))
    await notices.tell_followers(work, after, silence="confirmed")
    return []


_STEPS: dict[What, Callable[[Work, Pack, Ticket, Facts, Step], Awaitable[list[Alert]]]] = {
    "remind": _remind,
    "alarm": _alarm,
    "climb": _climb,
    "request": _offer_request,
    "ask_again": _ask_again,
    "unanswered": _close_unanswered,
    "fixed_again": _fixed_again,
    "confirm": _confirm,
}


async def _holders(work: Work, found: Ticket) -> list[Hearer]:
    """In whose hands it is: whoever took it, else the agents of its body, else everybody who hears for it."""
    team = await officials.hearers(work, found.body)
    taken = [member for member in team if member.person_id == found.taken_by]
    return taken or [member for member in team if member.role == AGENT] or team


async def _expected(work: Work, found: Ticket, facts: Facts) -> list[Hearer]:
    """Who is to speak: whoever has it, and for a first answer, which any body may give, those of bodies beside too."""
    members = await _holders(work, found)
    for body in () if facts.answered else await passing.beside(work, found.code):
        team = await officials.hearers(work, body)
        members += [member for member in team if member.role == AGENT] or team
    return members


async def _on_rung(work: Work, found: Ticket, to: str, team: Sequence[Hearer]) -> list[Hearer]:
    """To whom a rung of the ladder leads; the same colleague of somebody's each time."""
    if to.startswith(BODY):
        return await officials.hearers(work, to.removeprefix(BODY))
    if to != COLLEAGUE:
        return [member for member in team if member.role == to]
    hands = [member.address_id for member in await _holders(work, found)]
    others = [member for member in team if member.role == AGENT and member.address_id not in hands]
    return [others[sum(map(ord, found.code)) % len(others)]] if others else []


def _alerts(ticket: Ticket, facts: Facts, what: str, members: Sequence[Hearer]) -> list[Alert]:
    addresses = dict.fromkeys(member.address_id for member in members)
    return [Alert(each, ticket.code, ticket.update_seq, what, facts.urgent, facts.due_by) for each in addresses]


def _history(pack: Pack, key: str, **values: str) -> str:
    """What stands in the history, which everybody reads in the municipality's first language."""
    return catalog(pack.info.language).text(key, **values)
