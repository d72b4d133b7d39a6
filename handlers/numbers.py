"""A body's figures in the chat: a week or a month in words and a picture, or body by body, topic by topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from babel.numbers import format_decimal

from bot.questions import Item
from handlers.rights import bodies_for, refused
from handlers.views import body_name
from locales import fold
from storage.indicators import GROUPS, Rating, Report, Row, Share, Spread
from storage.periods import first_day, last_day

if TYPE_CHECKING:
    from datetime import date

    from bot.conversation import Chat
    from storage.periods import Period

DAYS = {"week": 7, "month": 30}
MOST_ROWS, MOST_ROWS_BY_SMS = 10, 4
HOUR, DAY = 3600.0, 86400.0
# Up to so many hours are told as hours.
MOST_HOURS = 48
WITHOUT_PICTURES = ("sms", "terminal")
MARK = "*"


async def numbers(chat: Chat) -> None:
    """`/numeros [semana|mes] [organismo|tema|zona]`, of the bodies for which she may ask."""
    if await refused(chat, "numbers"):
        return None
    bodies = await chat.recall("bodies", lambda: bodies_for(chat, "numbers"))
    span, by = _wished(chat)
    request = {"bodies": bodies, "days": DAYS[span], "by": by, "picture": not by and _shows_pictures(chat)}
    report = await _look(chat, request, _title(chat, bodies))
    if by:
        return await _say_rows(chat, report, bodies, span)
    return await _say_figures(chat, report, _title(chat, bodies), _others(span, by, bodies))


async def told_numbers(chat: Chat) -> None:
    """A manager's week has come round: the last full one of `body`, as seen at the moment `at`."""
    body = str(chat.args["body"])
    if body not in await bodies_for(chat, "weekly"):
        return
    request = {"bodies": [body], "weekly": float(chat.args["at"]), "picture": _shows_pictures(chat)}
    report = await _look(chat, request, body_name(chat, body))
    if report.before is not None:
        last = report.before.total
        chat.remark(
            "numbers-before",
            received=last.received,
            closed=last.closed,
            backlog=last.backlog,
            overdue=last.overdue,
        )
    await _say_figures(chat, report, body_name(chat, body), ())


async def _look(chat: Chat, request: dict[str, Any], title: str) -> Report:
    """Measured outside the transaction: a large city takes its time."""
    asked = {"do": "numbers", "title": title, "language": chat.language, **request}
    return msgspec.convert(await chat.look_up("figures", asked), Report)


def _wished(chat: Chat) -> tuple[str, str]:
    """(week or month, grouped by what) of what was typed, whatever else was."""
    words = str(chat.args.get("rest", "")).split()
    named = [chat.words.measures.get(fold(word), word) for word in words]
    span = next((each for each in named if each in DAYS), "week")
    return span, next((each for each in named if each and each in GROUPS), "")


def _shows_pictures(chat: Chat) -> bool:
    return chat.person.account.partition(":")[0] not in WITHOUT_PICTURES and not chat.person.low_data


def _title(chat: Chat, bodies: Sequence[str]) -> str:
    return body_name(chat, bodies[0]) if len(bodies) == 1 else chat.text("numbers-all-bodies", n=len(bodies))


def _others(span: str, by: str, bodies: Sequence[str]) -> tuple[str, ...]:
    """What else may be asked for: the other span, and the other groupings."""
    spans = [each for each in DAYS if by or each != span]
    groups = [each for each in ("category", "area") if each != by]
    return (*spans, *groups, *(["body"] if by != "body" and len(bodies) > 1 else []))


def _buttons(chat: Chat, offered: Sequence[str], span: str) -> tuple[Item, ...]:
    labels = {
        "week": chat.text("numbers-week"),
        "month": chat.text("numbers-month"),
        "category": chat.text("numbers-category"),
        "area": chat.text("numbers-area"),
        "body": chat.text("numbers-body"),
    }
    return tuple(
        Item(f"/numbers {each}" if each in DAYS else f"/numbers {span} {each}", labels[each]) for each in offered
    )


async def _say_figures(chat: Chat, report: Report, title: str, offered: Sequence[str]) -> None:
    """All figures in words, those of the picture among them."""
    figures, ages = report.now.total, report.now.total.ages
    span = "week" if "month" in offered else "month"
    cases = (
        figures.first_response,
        figures.time_to_close,
        figures.answered_on_time,
        figures.closed_on_time,
        figures.rating,
        figures.fixed,
    )
    await chat.say(
        "numbers",
        body=title,
        since=_date(chat, report, first_day),
        until=_date(chat, report, last_day),
        received=figures.received,
        closed=figures.closed,
        resolved=figures.resolved,
        answer=_time(chat, figures.first_response),
        close=_time(chat, figures.time_to_close),
        answered_on_time=_share(chat, figures.answered_on_time),
        closed_on_time=_share(chat, figures.closed_on_time),
        reopened=figures.reopened,
        passed_on=figures.passed_on,
        duplicates=figures.duplicates,
        withdrawn=figures.withdrawn,
        joined=figures.joined,
        rating=_rating(chat, figures.rating),
        fixed=_share(chat, figures.fixed),
        backlog=figures.backlog,
        week=ages.week,
        month=ages.month,
        quarter=ages.quarter,
        older=ages.older,
        overdue=figures.overdue,
        unanswered=figures.unanswered,
        weeks=_weeks(chat, report),
        few=chat.text("numbers-few") if any(each.n and each.few for each in cases) else "",
        media=(report.picture,) if report.picture else (),
        options=_buttons(chat, offered, span),
        columns=3,
    )


async def _say_rows(chat: Chat, report: Report, bodies: Sequence[str], span: str) -> None:
    """A line a group, the largest backlog first."""
    by, total = report.now.by, report.now.total
    rows = sorted(report.now.rows, key=lambda row: (-row.figures.backlog, -row.figures.received, row.key))
    most = MOST_ROWS_BY_SMS if chat.costs else MOST_ROWS
    lines = [_row(chat, row, by) for row in rows[:most]]
    if rows[most:]:
        lines.append(chat.text("numbers-more-rows", n=len(rows) - most))
    await chat.say(
        "numbers-by",
        body=_title(chat, bodies),
        since=_date(chat, report, first_day),
        until=_date(chat, report, last_day),
        by=_by(chat, by),
        rows="\n".join(lines) or chat.text("numbers-nothing"),
        received=total.received,
        closed=total.closed,
        backlog=total.backlog,
        overdue=total.overdue,
        options=_buttons(chat, _others(span, by, bodies), span),
        columns=3,
    )


def _row(chat: Chat, row: Row, by: str) -> str:
    figures = row.figures
    return chat.text(
        "numbers-row",
        name=_name(chat, row, by),
        received=figures.received,
        closed=figures.closed,
        backlog=figures.backlog,
        overdue=figures.overdue,
    )


def _date(chat: Chat, report: Report, of: Callable[[Period, str], date]) -> str:
    return f"{of(report.now.period, chat.pack.info.timezone):%d/%m}"


def _weeks(chat: Chat, report: Report) -> str:
    zone = chat.pack.info.timezone
    shown = [f"{first_day(each.period, zone):%d/%m} {each.received}-{each.closed}" for each in report.weeks]
    return " · ".join(shown)


def _by(chat: Chat, by: str) -> str:
    names = {
        "body": chat.text("numbers-by-body"),
        "category": chat.text("numbers-by-category"),
        "area": chat.text("numbers-by-area"),
    }
    return names[by]


def _name(chat: Chat, row: Row, by: str) -> str:
    """What people call a row; its id when the pack has dropped it."""
    if by == "body":
        return body_name(chat, row.key)
    if not row.key:
        return chat.text("numbers-no-area")
    found = chat.pack.category(row.key) if by == "category" else chat.pack.area(row.key)
    return found.name(chat.language) if found else row.key


def _time(chat: Chat, spread: Spread) -> str:
    if spread.median is None or spread.p90 is None:
        return chat.text("numbers-none")
    median, p90 = _duration(spread.median), _duration(spread.p90)
    if spread.n == 1:
        return chat.text("numbers-time-one", time=median, mark=_mark(spread))
    return chat.text("numbers-time", median=median, p90=p90, n=spread.n, mark=_mark(spread))


def _share(chat: Chat, share: Share) -> str:
    if not share.n:
        return chat.text("numbers-none")
    return chat.text("numbers-share", part=share.part, n=share.n, percent=share.percent, mark=_mark(share))


def _rating(chat: Chat, rating: Rating) -> str:
    if rating.mean is None:
        return chat.text("numbers-none")
    mean = format_decimal(rating.mean, "0.0", locale=chat.language)
    return chat.text("numbers-rating", mean=mean, n=rating.n, mark=_mark(rating))


def _mark(figure: Spread | Share | Rating) -> str:
    return MARK if figure.few else ""


def _duration(seconds: float) -> str:
    """In the unit that says enough: the three languages abbreviate it alike."""
    if seconds < HOUR:
        return f"{round(seconds / 60)} min" if seconds >= 30 else "<1 min"
    hours = round(seconds / HOUR)
    return f"{hours} h" if hours <= MOST_HOURS else f"{round(seconds / DAY)} d"
