"""Ask for the category: two levels, most used first, or recognised from the words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bot.questions import Choice, Item

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.pack import Pack
    from routing.records import Category

MOST_SUGGESTED = 3
TELLING_WORDS = 3
# Two short labels fit side by side on a narrow phone.
COLUMNS = 2


async def ask_category(chat: Chat, *, last: bool = False) -> Category:
    """The category of the report, a leaf of the pack's two levels; `last` says that nothing else will be asked."""
    pack, language = chat.pack, chat.language
    groups = await chat.recall("groups", lambda: [c.id for c in pack.popular(chat.popularity)])
    likely = () if chat.heard("category") else _suggested(chat)
    chosen = await chat.ask(
        "category",
        Choice(
            _items(pack, language, (*likely, *groups)),
            (
                ("ask-category-likely-last" if likely else "ask-category-last")
                if last
                else ("ask-category-likely" if likely else "")
            ),
            recognise=lambda text: pack.recognise(text, language),
            hidden=_leaves(pack, language),
            keeps_words=True,
            tells=lambda text: bool(pack.suggest(text, language)),
            columns=COLUMNS,
        ),
    )
    category = pack.category(chosen)
    if category is None or category.leaf:
        await chat.recall("weighed", lambda: _drop_bare_words(chat))
        return _known(chat, chosen)
    leaves = await chat.recall(
        f"leaves-{chosen}", lambda: [c.id for c in pack.popular(chat.popularity, pack.leaves(chosen))]
    )
    leaf = await chat.ask(
        "subcategory",
        Choice(
            _items(pack, language, tuple(leaves)),
            "ask-subcategory-last" if last else "",
            recognise=lambda text: pack.recognise(text, language),
            hidden=_leaves(pack, language),
            keeps_words=True,
            columns=COLUMNS,
            group=category.name(language),
        ),
    )
    await chat.recall("weighed", lambda: _drop_bare_words(chat))
    return _known(chat, leaf)


def _known(chat: Chat, category_id: str) -> Category:
    category = chat.pack.category(category_id)
    if category is None:
        chat.change("subcategory", "category")
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
    return chat.pack.suggest(words, chat.language, most=MOST_SUGGESTED) if words else ()


# Both are kept, because a conversation is run from its top for every message.
@lru_cache(maxsize=64)
def _items(pack: Pack, language: str, category_ids: tuple[str, ...]) -> tuple[Item, ...]:
    """The categories to choose from; what the municipality has dropped since they were first shown is left out."""
    known = [category for each in category_ids if (category := pack.category(each))]
    return tuple(Item(category.id, category.name(language), category.icon) for category in known)


@lru_cache(maxsize=8)
def _leaves(pack: Pack, language: str) -> tuple[Item, ...]:
    return tuple(Item(leaf.id, leaf.name(language)) for group in pack.groups() for leaf in pack.leaves(group.id))
