"""What words led to which category, as citizens confirmed it: counts, and nothing else of who said what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import category_choice

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.work import Work

# What was said once is a slip or a name as often as a word.
LEAST = 2
# More rows than a vocabulary has words: the rarest are left where they are.
MOST_ROWS = 200_000


def note(work: Work, language: str, words: Iterable[str], category: str, *, times: int = 1) -> None:
    """Count these words for a category that a citizen has confirmed (-1: taken back); written with the batch's end."""
    for word in words:
        work.chosen[language[:2].lower(), word, category] += times


async def write(work: Work) -> None:
    """Add what was noted in this transaction to the counts, in one statement."""
    if not work.chosen:
        return
    # Sorted, so that two transactions never wait for each other crosswise.
    rows = [
        {"language": language, "word": word, "category": category, "count": count}
        for (language, word, category), count in sorted(work.chosen.items())
        if count
    ]
    work.chosen.clear()
    if not rows:
        return
    await work.connection.execute(ADD[work.connection.dialect.name], rows)


KEYS = [category_choice.c.language, category_choice.c.word, category_choice.c.category]


def _add(make: Any) -> Any:
    fresh = make(category_choice)
    added = {"count": category_choice.c["count"] + fresh.excluded["count"]}
    return fresh.on_conflict_do_update(index_elements=KEYS, set_=added)


# Built once: to build one costs as much as to run it.
ADD = {"sqlite": _add(sqlite.insert), "postgresql": _add(postgresql.insert)}


async def read(connection: AsyncConnection) -> list[tuple[str, str, str, int]]:
    """(language, word, category, how often) of what was said more than once, the most frequent first."""
    c = category_choice.c
    times = c["count"]
    statement = select(c.language, c.word, c.category, times.label("times")).where(times >= LEAST)
    rows = await connection.execute(statement.order_by(times.desc()).limit(MOST_ROWS))
    return [(row.language, row.word, row.category, row.times) for row in rows]
