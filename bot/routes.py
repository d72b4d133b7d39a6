"""`python -m bot route`: who answers for a place and a category, with every step of the decision in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from routing.records import text_in

if TYPE_CHECKING:
    from routing.learning import Learned
    from routing.pack import Pack
    from routing.records import Area, Category

LANGUAGE = "en"
MOST_SUGGESTED = 4


def explain(pack: Pack, lat: float, lon: float, words: str, learned: Learned) -> Iterator[str]:
    """The steps, line by line: with a category (its id, or what a citizen would say) for it, without for all of them.

    `lat` and `lon` are WGS84 degrees; `learned` is what citizens' words have led to.
    """
    look = pack.look(lat, lon)
    yield from _place(pack, lat, lon, look.areas, look.between, look.near)
    if not words:
        yield from _table(pack, look.areas)
        return
    category_id = words if pack.category(words) else None
    if category_id is None:
        category_id = pack.recognition.recognise(words, pack.info.language)
        yield from _reading(pack, words, category_id, learned)
    category = pack.category(category_id) if category_id else None
    if category is not None and look.areas:
        yield from _category(pack, category, look.areas)


def _place(
    pack: Pack, lat: float, lon: float, areas: Sequence[Area], between: Sequence[Area], near: str
) -> Iterator[str]:
    yield f"{lat:.6f}, {lon:.6f}"
    for area in areas:
        yield f"  {area.name(LANGUAGE)} ({area.id}), a {area.level}"
    if between:
        names = " or ".join(area.name(LANGUAGE) for area in between)
        yield f"  It is too near to a border to tell: she is asked whether it is in {names}."
    if areas:
        return
    town = f"; the nearest town is {near}" if near else ""
    yield f"  No area is here{town}. She is told that this is outside of {pack.name(LANGUAGE)}."
    if abs(lon) <= 90 and pack.areas_at(lon, lat):
        yield f"  With latitude and longitude swapped it is in {pack.areas_at(lon, lat)[0].name(LANGUAGE)}."


def _table(pack: Pack, areas: Sequence[Area]) -> Iterator[str]:
    """Every category with who answers for it here."""
    leaves = [category for category in pack.records.categories if category.leaf] if areas else []
    width = max((len(leaf.id) for leaf in leaves), default=0)
    for leaf in leaves:
        decision = pack.decide(areas, leaf.id)
        who = ", ".join(body.name(LANGUAGE) for body in decision.bodies)
        call = f" (phone {decision.emergency.phone} first)" if decision.emergency else ""
        yield f"  {leaf.id.ljust(width)}  {who or 'nobody: ' + (_why(pack, areas, leaf) or 'nobody is named')}{call}"


def _reading(pack: Pack, words: str, category_id: str | None, learned: Learned) -> Iterator[str]:
    """What the machine makes of a citizen's words, and what it has learnt of them."""
    for word, category, times, every in learned.why(words, pack.info.language):
        yield f"“{word}” was said of {category} {times} times of {every}."
    if category_id is not None:
        yield f"“{words}” certainly means {category_id}."
        return
    likely = pack.recognition.suggest(words, pack.info.language, MOST_SUGGESTED, learned)
    if likely:
        yield f"“{words}” may mean {', '.join(likely)}: she is asked. Give one of these for the rest."
    else:
        yield f"“{words}” is no category and means none: she is asked what it is about."


def _category(pack: Pack, category: Category, areas: Sequence[Area]) -> Iterator[str]:
    if not category.leaf:
        leaves = ", ".join(leaf.id for leaf in pack.leaves(category.id))
        yield f"{category.id} is a group: she is asked which of {leaves}."
        return
    yield from pack.decide(areas, category.id).steps
    if why := _why(pack, areas, category):
        yield f"She reads: {why}"


def _why(pack: Pack, areas: Sequence[Area], category: Category) -> str:
    """Why nobody answers, and where to go; "" where somebody does, or nobody wrote it down."""
    told = pack.decide(areas, category.id).not_served
    return " ".join(text_in(texts, LANGUAGE) for texts in (told.reason, told.go_to) if texts) if told else ""
