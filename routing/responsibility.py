"""Who answers: a place and a category lead to bodies, by rules that are data, and every step can be told.

1. What categories.toml says of bodies and what rules.toml adds are claims: a body, its areas, its categories.
2. Of the claims that hold here the narrowest area counts first, then a category before its group, then `prefer`.
3. Several that are left answer together: the first in the files leads. `also` puts a body beside whoever leads.
4. Where no claim holds the category's fallback answers, if nothing is known of the place or it serves there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from routing.records import Area, Body, Category, Emergency, NotServed, Records, Rule, text_in
from routing.surroundings import Surroundings

# How exactly a claim names the category.
EVERYTHING, GROUP, LEAF = 0, 1, 2
FITS = {EVERYTHING: "everything", GROUP: "the whole group", LEAF: "this very category"}


class Decision(NamedTuple):
    """Who answers, the one who leads first, and how that was found; nobody where `not_served` tells why.

    An `emergency` is to be told first, whoever answers.
    """

    bodies: tuple[Body, ...] = ()
    steps: tuple[str, ...] = ()
    not_served: NotServed | None = None
    emergency: Emergency | None = None

    @property
    def lead(self) -> Body | None:
        """The body that the ticket is with."""
        return self.bodies[0] if self.bodies else None


class Ground(NamedTuple):
    """An area around the place, and how narrow it is: greater is narrower."""

    id: str
    name: str
    depth: int


class Claim(NamedTuple):
    """One body (or none, for what is not served or dangerous) of one rule, in `areas` ((): everywhere)."""

    rule: Rule
    body: str
    areas: tuple[str, ...]
    fit: int
    source: str


class Found(NamedTuple):
    """A claim that holds here: in which area (None: everywhere), and how it ranks."""

    claim: Claim
    ground: Ground | None

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Area before category before preference."""
        return self.ground.depth if self.ground else 0, self.claim.fit, self.claim.rule.prefer


class Responsibility:
    """The claims of a pack; `decide` takes microseconds and remembers."""

    def __init__(self, records: Records, surroundings: Surroundings) -> None:
        self._records = records
        self._surroundings = surroundings
        self._bodies = {body.id: body for body in records.bodies}
        self._categories = {category.id: category for category in records.categories}
        self._claims = {leaf.id: tuple(self._claims_on(leaf)) for leaf in records.categories if leaf.leaf}
        self._decide = lru_cache(maxsize=8192)(self._decide_here)
        self._offered = lru_cache(maxsize=512)(self._offered_here)

    def decide(self, areas: Sequence[Area], category_id: str) -> Decision:
        """Who answers for a leaf in `areas` (most specific first; none: nothing is known of the place)."""
        return self._decide(self._grounds(areas), category_id)

    def offered(self, areas: Sequence[Area]) -> tuple[str, ...]:
        """The leaves that somebody answers for in `areas`, in the pack's order."""
        return self._offered(self._grounds(areas))

    def may_have(self, body_id: str) -> tuple[str, ...]:
        """The leaves that a body answers for somewhere, in the pack's order."""
        return tuple(
            leaf
            for leaf, claims in self._claims.items()
            if body_id == self._categories[leaf].fallback or any(each.body == body_id for each in claims)
        )

    def _offered_here(self, grounds: tuple[Ground, ...]) -> tuple[str, ...]:
        return tuple(leaf for leaf in self._claims if self._decide(grounds, leaf).bodies)

    def _grounds(self, areas: Sequence[Area]) -> tuple[Ground, ...]:
        """The areas with their parents, the narrowest first."""
        every = {area.id: area for area in areas}
        for area in areas:
            while area.parent and (above := self._surroundings.area(area.parent)) and above.id not in every:
                every[above.id] = area = above
        # A claim that holds everywhere has no area at all, and stands below the widest.
        found = [Ground(area.id, area.name("en"), self._surroundings.depth(area) + 2) for area in every.values()]
        return tuple(sorted(found, key=lambda ground: -ground.depth))

    def _claims_on(self, leaf: Category) -> Iterator[Claim]:
        own = Rule(bodies=leaf.bodies)
        fit = GROUP if leaf.inherits and leaf.parent else LEAF
        for body in leaf.bodies:
            yield Claim(own, body, self._bodies[body].areas, fit, "categories.toml")
        if leaf.not_served or leaf.emergency:
            told = Rule(not_served=leaf.not_served, emergency=leaf.emergency)
            yield Claim(told, "", (), LEAF, "categories.toml")
        for rule in self._records.rules:
            named = set(rule.categories)
            fit = LEAF if leaf.id in named else GROUP if leaf.parent in named else EVERYTHING
            # What is not served is served only where a rule says its very name.
            if (fit or not named) and (fit == LEAF or not leaf.not_served):
                yield from self._claims_of(rule, fit)

    def _claims_of(self, rule: Rule, fit: int) -> Iterator[Claim]:
        source = f"rules.toml, line {rule.line}"
        for body in rule.bodies:
            yield Claim(rule, body, rule.areas or self._bodies[body].areas, fit, source)
        if not rule.bodies:
            yield Claim(rule, "", rule.areas, fit, source)

    def _decide_here(self, grounds: tuple[Ground, ...], category_id: str) -> Decision:
        category = self._categories.get(category_id)
        if category is None or not category.leaf:
            return Decision(steps=(f"There is no category '{category_id}'.",))
        claims = self._claims[category_id]
        found = [each for claim in claims if (each := _hold(claim, grounds))]
        leading = [each for each in found if not each.claim.rule.also and _answers(each)]
        best = max((each.rank for each in leading), default=None)
        left = [each for each in leading if each.rank == best]
        served = [each.claim.body for each in left if each.claim.body] or self._fallback(category, grounds, left)
        beside = [each.claim.body for each in found if each.claim.rule.also and each.claim.body] if served else []
        bodies = tuple(self._bodies[body] for body in dict.fromkeys([*served, *beside]))
        refusal = next((each.claim.rule.not_served for each in left), None) or NotServed()
        urgent = max((each for each in found if each.claim.rule.emergency), key=lambda each: each.rank, default=None)
        emergency = urgent.claim.rule.emergency if urgent else None
        telling = _Telling(self._bodies, category, self._categories.get(category.parent))
        steps = telling.steps(grounds, found, left, bodies, emergency)
        return Decision(bodies, tuple(steps), None if bodies else refusal, emergency)

    def _fallback(self, category: Category, grounds: tuple[Ground, ...], left: list[Found]) -> list[str]:
        """Who answers where nobody else does: not what somebody refused, and nowhere out of her own areas."""
        body = self._bodies.get(category.fallback)
        if body is None or left:
            return []
        here = {ground.id for ground in grounds}
        return [body.id] if not grounds or here & set(body.areas) else []


def _hold(claim: Claim, grounds: tuple[Ground, ...]) -> Found | None:
    """The claim with the narrowest area here that it names; None when it holds in none of them."""
    if not claim.areas:
        return Found(claim, None)
    ground = next((ground for ground in grounds if ground.id in claim.areas), None)
    return Found(claim, ground) if ground else None


class _Telling:
    """The steps of a decision in plain words, for an operator."""

    def __init__(self, bodies: dict[str, Body], category: Category, group: Category | None) -> None:
        self._bodies = bodies
        self._category = category
        self._group = group

    def steps(
        self,
        grounds: Sequence[Ground],
        found: Sequence[Found],
        left: Sequence[Found],
        bodies: Sequence[Body],
        emergency: Emergency | None,
    ) -> Iterator[str]:
        yield _where(grounds)
        group = f", of the group {self._group.id}" if self._group else ""
        yield f"The category is {self._category.id} ({_name(self._category)}){group}."
        if emergency:
            yield f"It may be an emergency: before anything else she is told to phone {emergency.phone}."
        if not found:
            yield "No body and no rule speaks of that category here."
        for each in found:
            yield self._claim(each)
        if why := self._why(found, left):
            yield why
        yield from self._outcome(left, bodies)

    def _claim(self, each: Found) -> str:
        claim = each.claim
        where = f"in {each.ground.name} ({each.ground.id})" if each.ground else "wherever it is"
        what = f"for {FITS[claim.fit]}, {where} ({claim.source})"
        if claim.body:
            beside = " beside whoever leads," if claim.rule.also else ""
            return f"- {_title(self._bodies[claim.body])} answers{beside} {what}."
        if claim.rule.not_served:
            return f"- Nobody answers {what}."
        return f"- There is a number to phone first {what}."

    def _why(self, found: Iterable[Found], left: Sequence[Found]) -> str:
        """What parted the claims that won from the others; "" where there was nothing to part."""
        lost = [each for each in found if each not in left and not each.claim.rule.also and _answers(each)]
        if not left or not lost:
            return "" if len(left) < 2 else "They are equals: they answer together, and the first one leads."
        best, next_best = left[0].rank, max(each.rank for each in lost)
        reasons = ("its area is the narrowest", "it names the category more exactly", "it is preferred")
        parted = next(n for n in range(len(best)) if best[n] != next_best[n])
        together = "; its equals answer with it" if len(left) > 1 else ""
        winner = _title(self._bodies[left[0].claim.body]) if left[0].claim.body else "That nobody answers"
        return f"{winner} counts before the others: {reasons[parted]}{together}."

    def _outcome(self, left: Sequence[Found], bodies: Sequence[Body]) -> Iterator[str]:
        if not bodies:
            yield "So nobody answers here, and she is told so" + (", and why." if left else ".")
            return
        if not left:
            yield f"{_title(bodies[0])} is the fallback of this category, and answers where nobody else does."
        yield f"So {_title(bodies[0])} gets it" + (" and leads." if len(bodies) > 1 else ".")
        if len(bodies) > 1:
            yield f"Beside it: {', '.join(_title(body) for body in bodies[1:])}."


def _where(grounds: Sequence[Ground]) -> str:
    if not grounds:
        return "Nothing is known of the place."
    areas = ", in ".join(f"{each.name} ({each.id})" for each in grounds)
    return f"The place lies in {areas}; the narrowest counts first."


def _answers(each: Found) -> bool:
    return bool(each.claim.body or each.claim.rule.not_served)


def _title(body: Body) -> str:
    kind = "" if body.kind == "government" else f", {'an' if body.kind == 'agency' else 'a'} {body.kind}"
    return f"{body.name('en')} ({body.id}{kind})"


def _name(category: Category) -> str:
    return text_in(category.names, "en")
