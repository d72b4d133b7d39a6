"""What was played, held against the plainest way to know better: bare outlines, and a look at every ticket there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from routing.pack import Pack
from tests.machine import DAY, HOUR
from tests.service_requests.citizen import Talk
from tests.service_requests.globe import Map, metres

# Nobody is sure on which side of 250 m this is: the machine's sphere and ours differ by rounding.
HAIR_M = 0.05
MOST_SHOWN = 3
# What a phone is off by at least, as the machine says.
LEAST_M = 15.0
PERSONS, WITHIN, APART_M = 5, 2 * HOUR, 1500.0


class Known(NamedTuple):
    """A ticket as the play has seen it: `ended_at` is when it first ended."""

    code: str
    category: str
    body: str
    area: str
    lat: float | None
    lon: float | None
    opened_at: float
    ended_at: float
    wave: int
    incident_at: float | None
    duplicate_of: str


@dataclass
class Verdict:
    """How often each thing was looked at and was right; `wrong` has one line for each that was not."""

    looked: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, *, right: bool, about: object) -> None:
        """Count one look."""
        self.looked[what] += 1
        self.right[what] += right
        if not right:
            self.wrong.append(f"{what}: {about}")


def known_tickets(rows: Iterable[Any], ends: dict[str, float], talks: Sequence[Talk]) -> dict[str, Known]:
    """The tickets by code, in the order of their opening, as far as that is known."""
    order = {talk.code: talk.wave for talk in talks if talk.code}
    return {
        row.code: Known(
            row.code, row.category, row.body, row.area, row.lat, row.lon, row.created_at,
            ends.get(row.code, float("inf")), order[row.code], row.incident_at, row.duplicate_of,
        )
        for row in rows
    }  # fmt: skip


def check_places(talks: Sequence[Talk], tickets: dict[str, Known], truth: Map, pack: Pack, verdict: Verdict) -> None:
    """Every located ticket lies in the area that the bare outline says, with a body that answers in it."""
    answers = {body.id: set(body.areas) for body in pack.records.bodies}
    for talk in talks:
        if not talk.code or (ticket := tickets[talk.code]).lat is None or ticket.lon is None:
            continue
        asked = "border" in talk.asked
        here = truth.at(ticket.lat, ticket.lon)
        there = talk.request.area if asked else str(here["id"]) if here else ""
        verdict.note("the area is that of the outline", right=ticket.area == there, about=ticket)
        if talk.request.how not in ("address", "elsewhere"):
            # Where both sides of a border have one body nobody is asked for the side.
            lead = pack.responsible(pack.areas_at(talk.request.lat, talk.request.lon), ticket.category)
            same = ticket.area == talk.request.area or (lead is not None and lead.id == ticket.body)
            verdict.note("its area or its body is that of where it really is", right=same, about=(ticket, talk))
        around = {ticket.area, *_parents(truth, ticket.area)}
        verdict.note("its body answers there", right=bool(answers[ticket.body] & around), about=ticket)
        accuracy = getattr(talk.request.told, "accuracy", None) or 0.0
        near = truth.near(ticket.lat, ticket.lon, max(LEAST_M, accuracy))
        if asked:
            verdict.note("asked for the side only near a border", right=len(near) > 1, about=(near, ticket))


def _parents(truth: Map, area_id: str) -> list[str]:
    parents = {str(each.about["id"]): str(each.about.get("parent", "")) for each in truth.outlines}
    found = []
    while area_id := parents.get(area_id, ""):
        found.append(area_id)
    return found


def check_refusals(talks: Sequence[Talk], served: set[str], verdict: Verdict) -> None:
    """Who was turned away was really out of what is served."""
    for talk in talks:
        if talk.outcome == "outside":
            verdict.note("turned away outside only", right=talk.request.area not in served, about=talk)


def check_twins(talks: Sequence[Talk], tickets: dict[str, Known], pack: Pack, verdict: Verdict) -> None:
    """What was offered was open, near, young and of its kind, and the nearest; nobody was left unasked.

    Every ticket is looked at for every report. Where the machine knows no position there is nothing to look for.
    """
    for talk in talks:
        at = _position(talk, tickets)
        category = _category(talk, tickets)
        kinds = [{tickets[code].category for code in offer.codes} for offer in talk.offers]
        right = all(len(kind) == 1 and (talk.corrected or category in kind) for kind in kinds)
        verdict.note("what is offered is of one kind", right=right, about=talk)
        # What she was asked before she had set the category right is not what she was asked in the end.
        last = [offer.codes for offer, kind in zip(talk.offers, kinds, strict=True) if category in kind][-1:]
        codes = last[0] if last else ()
        if not category or at is None:
            continue
        leaf = pack.category(category)
        assert leaf, category
        reach = 0 if leaf.other else leaf.nearby_m
        since = talk.at - leaf.nearby_days * DAY
        # Whoever talked at the same time may have been seen or not.
        there = [each for each in tickets.values() if each.category == category and since <= each.opened_at
                 and each.ended_at >= talk.at and each.wave <= talk.wave and each.code != talk.code]  # fmt: skip
        _check_offer(talk, codes, [each for each in there if each.lat is not None], at, reach, verdict)


def _check_offer(
    talk: Talk, codes: tuple[str, ...], open_then: list[Known], at: tuple[float, float], reach: float, verdict: Verdict
) -> None:
    away = {each.code: metres(*at, each.lat or 0.0, each.lon or 0.0) for each in open_then}
    incidents = {
        each.code for each in open_then if each.incident_at is not None and each.incident_at <= talk.request.at
    }
    near = sorted(code for code in away if away[code] <= reach - HAIR_M) if reach else []
    for code in codes:
        fits = away.get(code, float("inf")) <= (APART_M if code in incidents else reach) + HAIR_M
        verdict.note("each offered twin is open, near and young", right=fits, about=(code, away.get(code), talk))
    shown = [code for code in codes if code not in incidents]
    left = [away[code] for code in near if code not in codes and code not in incidents]
    if near or codes:
        farthest = max((away.get(code, 0.0) for code in shown), default=0.0)
        full = len(codes) == MOST_SHOWN and all(farthest <= other + HAIR_M for other in left)
        verdict.note("no twin nearby is missed", right=not left or full, about=(left, talk))


def _position(talk: Talk, tickets: dict[str, Known]) -> tuple[float, float] | None:
    """Where the machine took it to be."""
    if talk.code:
        ticket = tickets[talk.code]
        return None if ticket.lat is None or ticket.lon is None else (ticket.lat, ticket.lon)
    told = talk.request.told
    if isinstance(told, str):
        # Typed to six decimals, swapped or not; of an address that was joined nobody wrote down where it was.
        return None if talk.request.how == "address" else (round(talk.request.lat, 6), round(talk.request.lon, 6))
    return None if told.lat is None or told.lon is None else (told.lat, told.lon)


def _category(talk: Talk, tickets: dict[str, Known]) -> str:
    """The kind that the machine took it for; "" where nobody knows."""
    if talk.code:
        return tickets[talk.code].category
    taken = next((offer.taken for offer in talk.offers if offer.taken), "")
    return tickets[taken].category if taken else ""


def check_outages(talks: Sequence[Talk], tickets: dict[str, Known], pack: Pack, verdict: Verdict) -> None:
    """Whenever five persons had reported one outage within two hours there was an incident, and never else."""
    lead: dict[str, str] = {}
    every = sorted(tickets.values(), key=lambda ticket: (ticket.wave, ticket.opened_at, ticket.code))
    for n, new in enumerate(every):
        leaf = pack.category(new.category)
        if not (leaf and leaf.outage and new.area):
            continue
        loose = [each for each in every[: n + 1] if _of_one_outage(each, new) and each.code not in lead]
        # Of those that ended with the new one, an outage was made now; those before it were loose no more.
        if len(loose) >= PERSONS:
            lead |= {each.code: loose[0].code for each in loose}
    for ticket in every:
        stands = lead.get(ticket.code)
        right = (ticket.incident_at is not None) == (stands == ticket.code)
        right &= ticket.duplicate_of == (stands if stands and stands != ticket.code else "")
        leaf = pack.category(ticket.category)
        if leaf and leaf.outage:
            verdict.note("an outage is one incident, nothing else is", right=right, about=ticket)


def _of_one_outage(each: Known, new: Known) -> bool:
    same = (each.category, each.body, each.area) == (new.category, new.body, new.area)
    young = new.opened_at - WITHIN <= each.opened_at and each.ended_at >= new.opened_at
    return same and young and _apart(each, new) <= APART_M


def _apart(one: Known, other: Known) -> float:
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return 0.0
    return metres(one.lat, one.lon, other.lat, other.lon)
