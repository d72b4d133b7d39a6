"""The day's digest for officials and teams: what is new, overdue, due today, waiting; and when it comes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.questions import Item
from handlers.rights import bodies_for, refused
from handlers.views import body_name
from locales import fold
from storage import digest as days
from storage.digest import NEVER, Day

if TYPE_CHECKING:
    from bot.conversation import Chat

MOST_NAMED = 3
NOON = 12
DAY = timedelta(days=1)
# What makes eight o'clock twenty, in any language.
AFTERNOON = frozenset({"pm", "tarde", "noche", "noite", "afternoon", "evening", "night"})
# What makes twelve o'clock midnight.
MIDNIGHT = frozenset({"am", "noche", "medianoche", "noite", "night", "midnight", "madrugada"})
# The longest row of days on which nobody works, and one more.
MOST_DAYS_OFF = 14


async def told_digest(chat: Chat) -> None:
    """The hour has come; a day with nothing in it is not told."""
    await _say_day(chat, quietly=True)


async def digest(chat: Chat) -> None:
    """`/resumen 8`: when it comes; `/resumen no`: never; without anything else: today's."""
    if await refused(chat, "digest"):
        return None
    rest = fold(str(chat.args.get("rest", "")))
    if not rest:
        await _say_day(chat, quietly=False)
    wished = NEVER if rest in chat.words.no else _hour(rest)
    if wished is None:
        hour = await days.hour_of(chat.work, chat.person)
        return await chat.say("digest-none" if hour == NEVER else "digest-how", hour=_clock(hour))
    await chat.do("set", lambda: days.set_hour(chat.work, chat.person, wished))
    if wished == NEVER:
        return await chat.say("digest-off")
    return await chat.say("digest-set", hour=_clock(wished))


async def _say_day(chat: Chat, *, quietly: bool) -> None:
    bodies = await bodies_for(chat, "digest")
    if not bodies:
        return
    since, ends = _day(chat)
    found = await days.measure(chat.work, bodies, since, ends)
    if found.empty:
        return None if quietly else await chat.say("digest-empty")
    names = ", ".join(body_name(chat, body) for body in bodies[:MOST_NAMED])
    if len(bodies) > MOST_NAMED:
        names = chat.text("and-more", names=names, n=len(bodies) - MOST_NAMED)
    inbox = Item("/inbox", chat.text("inbox"), "📥")
    await chat.say("digest", bodies=names, tally="\n".join(_lines(chat, found)), options=(inbox,))


def _lines(chat: Chat, found: Day) -> list[str]:
    """What there is, the most pressing first."""
    plural = chat.words.plural
    lines = (
        (found.overdue, plural("digest-overdue", found.overdue)),
        (found.today, plural("digest-today", found.today)),
        (found.waiting, plural("digest-waiting", found.waiting)),
        (found.new, plural("digest-came", found.new)),
    )
    return [line for number, line in lines if number]


def _day(chat: Chat) -> tuple[float, float]:
    """(since the same moment of the last working day, until midnight)."""
    calendar = chat.pack.timetable.calendar
    today = calendar.day(chat.now)
    off = next((n for n in range(1, MOST_DAYS_OFF) if calendar.works_on(today - n * DAY)), 1)
    return chat.now - off * DAY.total_seconds(), calendar.at(today, 24 * 60)


def _hour(text: str) -> int | None:
    """The hour in "8", "a las 8", "8:00", "20 hs", "8 de la noche", "8 p.m.", "12 am"."""
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    if not digits or len(digits[0]) > 2 or int(digits[0]) > 23:
        return None
    hour, words = int(digits[0]), set(re.findall(r"[a-z]+", re.sub(r"\b([ap])[. ]+m\b", r"\1m", text)))
    if hour == NOON:
        return 0 if words & MIDNIGHT else NOON
    return hour + 12 if hour < NOON and words & AFTERNOON else hour


def _clock(hour: int) -> str:
    return f"{hour}:00"
