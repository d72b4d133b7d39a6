"""Ask for the category: two levels, most used first, or recognised from the words.

Once the place is known only what somebody answers for there is listed; the rest stands under "other".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item
from handlers.answering import known_areas, turn_away

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.pack import Pack
    from routing.records import Area, Category

MOST_SUGGESTED = 3
TELLING_WORDS = 3
# Two short labels fit side by side on a narrow phone.
COLUMNS = 2


async def ask_category(chat: Chat, *, last: bool = False, here: Sequence[Area] = ()) -> Category:
    """The category of the report, a leaf that somebody answers for; `last` says that nothing else will be asked.

    `here` are the areas of a place that is known already.
    """
    areas = here or await _areas_when_asked(chat)
    chosen = await chat.ask("category", await _first_question(chat, areas, last=last))
    group = chat.pack.category(chosen)
    if group is not None and not group.leaf:
        chosen = await chat.ask("subcategory", await _second_question(chat, group, areas, last=last))
    await chat.recall("weighed", lambda: _drop_bare_words(chat))
    leaf = _known(chat, chosen)
    if leaf.other and (rest := _unserved(chat.pack, leaf, areas)):
        leaf = _known(chat, await chat.ask("rest", _rest_question(chat, leaf, rest)))
    decision = chat.pack.decide(areas, leaf.id)
    if not decision.bodies and (areas or not chat.pack.depends_on_area(leaf.id)):
        turn_away(chat, leaf, decision, areas)
    return leaf


async def _areas_when_asked(chat: Chat) -> tuple[Area, ...]:
    """The areas of the place, if that was known when the category was asked for: a list is not changed afterwards."""
    known = [area.id for area in known_areas(chat)]
    listed = await chat.recall("listed-for", lambda: known)
    if not chat.heard("category") and listed != known:
        chat.revise("listed-for", known)
        listed = known
    return tuple(area for each in listed if (area := chat.pack.area(each)))


async def _first_question(chat: Chat, areas: Sequence[Area], *, last: bool) -> Choice:
    pack, language = chat.pack, chat.language
    groups = await chat.recall("groups", lambda: [c.id for c in pack.popular(chat.popularity)])
    likely = () if chat.heard("category") else _suggested(chat)
    text = "ask-category-likely" if likely else ""
    if last:
        text = "ask-category-likely-last" if likely else "ask-category-last"
    return Choice(
        _items(pack, language, (*likely, *_served(pack, groups, areas))),
        text,
        recognise=lambda text: pack.recognition.recognise(text, language),
        hidden=(*_items(pack, language, tuple(groups)), *_leaves(pack, language)),
        keeps_words=True,
        # Who tells the place first is asked for the rest, and not for the place again.
        tells=lambda text: bool(pack.recognition.suggest(text, language) or pack.places.address(text, language)),
        columns=COLUMNS,
    )


async def _second_question(chat: Chat, group: Category, areas: Sequence[Area], *, last: bool) -> Choice:
    pack, language = chat.pack, chat.language
    leaves = await chat.recall(
        f"leaves-{group.id}", lambda: [c.id for c in pack.popular(chat.popularity, pack.leaves(group.id))]
    )
    return Choice(
        _items(pack, language, _served(pack, leaves, areas)),
        "ask-subcategory-last" if last else "",
        recognise=lambda text: pack.recognition.recognise(text, language),
        hidden=_leaves(pack, language),
        keeps_words=True,
        columns=COLUMNS,
        group=group.name(language),
    )


def _rest_question(chat: Chat, other: Category, rest: tuple[str, ...]) -> Choice:
    """What nobody answers for here is to be found too: whoever chooses it hears where to go."""
    none = Item(other.id, chat.text("none-of-these"), other.icon)
    return Choice((*_items(chat.pack, chat.language, rest), none), "ask-rest", columns=COLUMNS)


def _served(pack: Pack, category_ids: Iterable[str], areas: Sequence[Area]) -> tuple[str, ...]:
    """Those of the groups and leaves that somebody answers for in `areas`; all of them while the place is unknown."""
    if not areas:
        return tuple(category_ids)
    served = set(pack.offered(areas))
    groups = {leaf.parent for each in served if (leaf := pack.category(each))}
    return tuple(each for each in category_ids if each in served or each in groups)


def _unserved(pack: Pack, other: Category, areas: Sequence[Area]) -> tuple[str, ...]:
    """What the list that ends in `other` left out because nobody answers for it in `areas`, as leaves."""
    if not areas:
        return ()
    served = pack.offered(areas)
    top = (group.id for group in pack.groups())
    groups = [other.parent] if other.parent else [each for each in top if not _served(pack, [each], areas)]
    leaves = [leaf for group in groups for leaf in pack.leaves(group)]
    beside = () if other.parent else (leaf for leaf in pack.groups() if leaf.leaf)
    return tuple(leaf.id for leaf in (*leaves, *beside) if leaf.id not in served and not leaf.other)


def _known(chat: Chat, category_id: str) -> Category:
    category = chat.pack.category(category_id)
    if category is None:
        chat.change("rest", "subcategory", "category")
    return category


def _drop_bare_words(chat: Chat) -> bool:
    """A word or two that only hinted at the category are no description of anything, but under a photo."""
    pocket = chat.pocket
    bare = len(pocket.words.split()) < TELLING_WORDS and not pocket.media and not any(c.isdigit() for c in pocket.words)
    if bare:
        chat.drop_words()
    return bare


def _suggested(chat: Chat) -> tuple[str, ...]:
    words = chat.pocket.words
    return chat.pack.recognition.suggest(words, chat.language, MOST_SUGGESTED, chat.learned) if words else ()


# Both are kept, because a conversation is run from its top for every message.
@lru_cache(maxsize=64)
def _items(pack: Pack, language: str, category_ids: tuple[str, ...]) -> tuple[Item, ...]:
    """The categories to choose from; what the municipality has dropped since they were first shown is left out."""
    known = [category for each in category_ids if (category := pack.category(each))]
    return tuple(Item(category.id, category.name(language), category.icon) for category in known)


@lru_cache(maxsize=8)
def _leaves(pack: Pack, language: str) -> tuple[Item, ...]:
    return tuple(Item(leaf.id, leaf.name(language)) for group in pack.groups() for leaf in pack.leaves(group.id))
