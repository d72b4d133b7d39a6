"""What is done about a ticket's silence: one step at a time, in the transaction of whoever looks at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from handlers import notices
from handlers.fixed import ask_again
from handlers.targets import begin
from locales import catalog
from routing.silence import WORKED_ON, Facts, next_step
from storage import deadlines, officials, passing, tickets, verdicts
from storage.deadlines import ASKED_AGAIN, ESCALATED, REMINDED, Look
from storage.updates import Change

if TYPE_CHECKING:
    from routing.pack import Pack
    from routing.silence import Step, What
    from storage.deadlines import Entry
    from storage.officials import Hearer
    from storage.tickets import Ticket
    from storage.verdicts import Voice
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


class Past(NamedTuple):
    """What was read of a ticket: what happened to it, oldest first, and what was said of its resolutions."""

    history: Sequence[Entry]
    voices: Sequence[Voice]


class Round(NamedTuple):
    """One look at several tickets: what was read of each, and who hears for the bodies that were asked of."""

    work: Work
    pack: Pack
    pasts: dict[str, Past]
    teams: dict[str, list[Hearer]]

    async def team(self, body: str) -> list[Hearer]:
        """Everybody who hears for a body; who that is changes by nothing that a look does."""
        if body not in self.teams:
            self.teams[body] = await officials.hearers(self.work, body)
        return self.teams[body]


async def look(work: Work, pack: Pack, found: Sequence[Ticket]) -> list[Alert]:
    """Take the step that is due for each of these tickets, which are locked; whom to alert among the officials.

    When to look at each again is noted. What is needed of them is read for all at once.
    """
    histories = await deadlines.entries_of(work, [each.code for each in found])
    voices = await verdicts.voices(work, [each for each in found if each.status == "resolved"])
    pasts = {code: Past(history, voices.get(code, ())) for code, history in histories.items()}
    turn = Round(work, pack, pasts, {})
    alerts: list[Alert] = []
    looks: list[Look] = []
    for each in found:
        heard, noted = await _look_at(turn, each)
        alerts += heard
        looks.append(noted)
    await deadlines.note_looks(work, looks)
    return alerts


async def _look_at(turn: Round, found: Ticket) -> tuple[list[Alert], Look]:
    work, pack = turn.work, turn.pack
    if found.open and (found.answer_by is None or found.close_by is None):
        found = await begin(work, pack, found)
    facts = await _gather(turn, found)
    step = next_step(facts, work.now, pack.timetable.calendar, pack.timetable.terms)
    if found.held_at is not None and step.what != "request":
        # The body has yet to look whether it is meant; until then its delay is nothing to tell of.
        step = step._replace(tell=False)
    alerts = await _STEPS[step.what](turn, found, facts, step) if step.what else []
    rung, broken_at = (step.rung, None) if step.what else (found.rung, found.broken_at)
    return alerts, Look(found.code, step.watch_at, rung, broken_at)


async def _gather(turn: Round, found: Ticket) -> Facts:
    """What counts of a ticket."""
    past = turn.pasts[found.code]
    told = deadlines.silence_of(found, past.history)
    urgent = _urgent(turn.pack, found)
    climbs = found.status in WORKED_ON
    ladder = turn.pack.timetable.ladder(found.body, urgent=urgent) if climbs else ()
    team = await turn.team(found.body) if climbs else []
    body = turn.pack.body(found.body)
    seq = verdicts.resolved_by(past.history)
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
        unsure_at=verdicts.unsure_since(past.voices, seq),
        doubted="no" in verdicts.counted(past.voices, seq).values(),
        rung=found.rung if found.broken_at is None else 0,
        urgent=urgent,
        received=bool(team) or bool(body and set(body.delivery) - {"chat"}),
        ladder=ladder,
        manned=tuple([bool(await _on_rung(turn, found, climb.to)) for climb in ladder]),
    )


def _urgent(pack: Pack, found: Ticket) -> bool:
    return pack.timetable.is_urgent(found.category, found.priority)


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


async def _remind(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    """Whoever has it, before it is too late; nobody else hears of that."""
    words = _history(turn.pack, "history-reminded")
    entry = Change(actor="system", body=found.body, action=REMINDED, words=words, public=False)
    after = await tickets.append(turn.work, found, entry)
    return _alerts(after, facts, "remind", await _expected(turn, found, facts))


async def _alarm(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    after = await _escalate(turn, found, facts, step, "alarm")
    return _alerts(after, facts, "alarm", await _expected(turn, found, facts))


async def _climb(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    after = await _escalate(turn, found, facts, step, step.to)
    return _alerts(after, facts, step.to, await _on_rung(turn, found, step.to))


async def _offer_request(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    await _escalate(turn, found, facts, step, "request")
    return []


async def _escalate(turn: Round, found: Ticket, facts: Facts, step: Step, to: str) -> Ticket:
    """Write into the history that the silence went up, and tell everyone who follows it, where she is to be told."""
    kind = "closing" if facts.answered else "answer"
    other = turn.pack.body(to.removeprefix(BODY)) if to.startswith(BODY) else None
    key = "history-silence-body" if other else f"history-silence-{to}"
    words = _history(turn.pack, key, body=other.name(turn.pack.info.language) if other else "")
    entry = Change(actor="system", body=found.body, action=ESCALATED, words=words, public=step.tell)
    after = await tickets.append(turn.work, found, entry)
    if step.tell:
        await notices.tell_followers(turn.work, after, silence=to, target=kind)
    return after


async def _ask_again(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    """Remind who reported it of the question."""
    after = await _note_asked(turn, found, "history-asked-again")
    if found.address_id is not None:
        notices.tell(turn.work, found.address_id, "told-waiting", found.code, after.update_seq)
    return []


async def _fixed_again(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    if await ask_again(turn.work, found, *turn.pasts[found.code]):
        await _note_asked(turn, found, "history-fixed-again")
    else:
        # Nobody can be asked: then there is nothing to wait for either.
        await _note_asked(turn, found, "history-nobody-to-ask")
    return []


async def _note_asked(turn: Round, found: Ticket, key: str) -> Ticket:
    words = _history(turn.pack, key)
    entry = Change(actor="system", body=found.body, action=ASKED_AGAIN, words=words, public=False)
    return await tickets.append(turn.work, found, entry)


async def _close_unanswered(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    reason = _history(turn.pack, "history-unanswered")
    entry = Change(actor="system", body=found.body, status="declined", reason=reason)
    after = await tickets.append(turn.work, found, entry)
    await notices.tell_followers(turn.work, after, silence="unanswered")
    return []


async def _confirm(turn: Round, found: Ticket, facts: Facts, step: Step) -> list[Alert]:
    words = _history(turn.pack, "history-confirmed")
    after = await tickets.append(
        turn.work, found, Change(actor="system", body=found.body, status="confirmed", words=words)
    )
    await notices.tell_followers(turn.work, after, silence="confirmed")
    return []


_STEPS: dict[What, Callable[[Round, Ticket, Facts, Step], Awaitable[list[Alert]]]] = {
    "remind": _remind,
    "alarm": _alarm,
    "climb": _climb,
    "request": _offer_request,
    "ask_again": _ask_again,
    "unanswered": _close_unanswered,
    "fixed_again": _fixed_again,
    "confirm": _confirm,
}


async def _holders(turn: Round, found: Ticket) -> list[Hearer]:
    """In whose hands it is: whoever took it, else the agents of its body, else everybody who hears for it."""
    team = await turn.team(found.body)
    taken = [member for member in team if member.person_id == found.taken_by]
    return taken or [member for member in team if member.role == AGENT] or team


async def _expected(turn: Round, found: Ticket, facts: Facts) -> list[Hearer]:
    """Who is to speak: whoever has it, and for a first answer, which any body may give, those of bodies beside too."""
    members = list(await _holders(turn, found))
    for body in () if facts.answered else await passing.beside(turn.work, found.code):
        team = await turn.team(body)
        members += [member for member in team if member.role == AGENT] or team
    return members


async def _on_rung(turn: Round, found: Ticket, to: str) -> list[Hearer]:
    """To whom a rung of the ladder leads; the same colleague of somebody's each time."""
    if to.startswith(BODY):
        return await turn.team(to.removeprefix(BODY))
    team = await turn.team(found.body)
    if to != COLLEAGUE:
        return [member for member in team if member.role == to]
    hands = [member.address_id for member in await _holders(turn, found)]
    others = [member for member in team if member.role == AGENT and member.address_id not in hands]
    return [others[sum(map(ord, found.code)) % len(others)]] if others else []


def _alerts(ticket: Ticket, facts: Facts, what: str, members: Sequence[Hearer]) -> list[Alert]:
    addresses = dict.fromkeys(member.address_id for member in members)
    return [Alert(each, ticket.code, ticket.update_seq, what, facts.urgent, facts.due_by) for each in addresses]


def _history(pack: Pack, key: str, **values: str) -> str:
    """What stands in the history, which everybody reads in the municipality's first language."""
    return catalog(pack.info.language).text(key, **values)
