"""What waits for an official: the most pressing first, a page at a time, all of it or what one filter shows.

A button carries its filter with it, so that it works for ever and nothing has to be remembered between two looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from bot.choices import Choice
from bot.messages import Place
from bot.offering import MOST_TAP
from bot.place_questions import Where
from bot.questions import Item
from handlers.dues import hurry
from handlers.pointing import find_point
from handlers.rights import bodies_for, refused
from handlers.views import shorten, ticket_line
from locales import fold
from storage import inboxes
from storage.codes import show_code
from storage.inboxes import MOST_ID, Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from storage.inboxes import Waiting
    from storage.tickets import Ticket

PAGE, PAGE_BY_SMS = 8, 4  # tickets
MOST_PAGE = 4  # digits
# Bytes of a place's name on a button: a point and the command take the others.
MOST_NAME = MOST_TAP - 36
ICONS = {
    "all": "📥",
    "mine": "🙋",
    "new": "🆕",
    "overdue": "⏰",
    "near": "📍",
    "category": "🏷",
    "area": "🗺",
    "held": "⏸",
}
NAMES = {
    "all": "filter-all",
    "mine": "filter-mine",
    "new": "filter-new",
    "overdue": "filter-overdue",
    "near": "filter-near",
    "category": "filter-category",
    "area": "filter-area",
    "held": "filter-held",
}
ASKED = {"category": "ask-inbox-category", "area": "ask-inbox-area"}
PLAIN = ("all", "mine", "new", "overdue", "held")


class Wish(Struct, frozen=True):
    """What was asked for: a page of what a filter shows; `chosen` None where the filter is to be chosen first."""

    page: int
    chosen: Filter | None


class Filters(Choice):
    """What to look at; whoever opens a ticket instead is not asked again."""

    loose = True


async def inbox(chat: Chat) -> None:
    """`/bandeja [vencidos|nuevos|mios|retenidos|cerca|tema|zona] [page]`: what waits for the bodies she acts for."""
    if await refused(chat, "inbox"):
        return
    bodies = await bodies_for(chat, "inbox")
    wish = read_wish(chat, str(chat.args.get("rest", "")))
    chosen = wish.chosen or await _choose(chat, bodies)
    chosen = await complete(chat, bodies, chosen)
    if chosen.kind == "held":
        bodies = await bodies_for(chat, "free")
    most = page_size(chat)
    found = await inboxes.waiting(chat.work, bodies, chat.person.id, chosen, most, most * (wish.page - 1))
    await _say(chat, found, chosen, wish.page, most)


def page_size(chat: Chat) -> int:
    """How many tickets a list shows at once."""
    return PAGE_BY_SMS if chat.costs else PAGE


def read_wish(chat: Chat, rest: str) -> Wish:
    """What stands behind the command: "2", "vencidos", "2 category bache", "near -34.60370,-58.38160"."""
    words = rest.split()
    numbers = [word for word in words if word.isdecimal() and len(word) < MOST_PAGE]
    page = max(int(numbers[0]), 1) if numbers else 1
    named = [word for word in words if word not in numbers[:1]]
    kind, value = _read_kind(chat, named)
    if kind == "near":
        return _read_near(chat, words)
    if kind in ("category", "area"):
        return Wish(page, Filter(kind, value))  # type: ignore[arg-type]
    return Wish(page, Filter(kind) if kind in PLAIN else None)  # type: ignore[arg-type]


def _read_near(chat: Chat, words: Sequence[str]) -> Wish:
    """The same where she names a place to be near: a number behind it is that of a house."""
    paged = len(words) > 1 and words[0].isdecimal()
    _, value = _read_kind(chat, words[1:] if paged else words)
    page = max(int(words[0]), 1) if paged else 1
    first, _, name = value.partition(" ")
    point = _read_point(first)
    return Wish(page, Filter("near", name, *point) if point else Filter("near", value))


def _read_kind(chat: Chat, named: Sequence[str]) -> tuple[str, str]:
    """(a filter's name or "" for none, what follows it): a button has the name, whoever types says it in her words."""
    for count in range(len(named), 0, -1):
        typed = " ".join(named[:count])
        if kind := typed if typed in ICONS else chat.words.filters.get(fold(typed), ""):
            return kind, " ".join(named[count:])
    return ("", "") if named else ("all", "")


def write_wish(page: int, chosen: Filter) -> str:
    """The command that asks for this page, as a button carries it."""
    value = chosen.value[:MOST_ID]
    if chosen.kind == "near":
        value = f"{chosen.lat:.5f},{chosen.lon:.5f} {_cut(chosen.value)}".strip()
    parts = [str(page)] if page > 1 else []
    return " ".join(["/inbox", *parts, *([chosen.kind] if chosen.kind != "all" else []), *([value] if value else [])])


def _type_wish(chat: Chat, page: int, chosen: Filter) -> str:
    """The same in her own words, for who has no buttons and types it."""
    kind = next((word for word, kind in chat.words.filters.items() if kind == chosen.kind != "all"), "")
    value = f"{chosen.lat:.5f},{chosen.lon:.5f}" if chosen.kind == "near" else ""
    if chosen.kind in ("category", "area"):
        value = _name(chat, chosen.kind, chosen.value)
    return " ".join(filter(None, [f"/{chat.words.slash['inbox']}", str(page), kind, value]))


def _cut(name: str) -> str:
    """As much of a place's name as a button carries."""
    cuts = (shorten(name, most) for most in range(MOST_NAME, 0, -1))
    return next(cut for cut in cuts if len(cut.encode()) <= MOST_NAME)


def _read_point(text: str) -> tuple[float, float] | None:
    """(lat, lon) of "-34.60370,-58.38160", None for anything else."""
    parts = text.split(",")
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        return None
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


async def _choose(chat: Chat, bodies: Sequence[str]) -> Filter:
    """The filter that she wants."""
    kind = await chat.ask(
        "filter",
        Filters(
            await filters(chat, bodies, await bodies_for(chat, "free")),
            "ask-inbox-filter",
            hidden=tuple(Item(kind, kind) for kind in ICONS),
            recognise=lambda text: chat.words.filters.get(fold(text)),
            columns=2,
        ),
    )
    return Filter(kind)


async def filters(chat: Chat, bodies: Sequence[str], freeing: Sequence[str] = ()) -> tuple[Item, ...]:
    """The filters, each with how many it shows; those that show nothing are not offered.

    What is held is shown to who may let it go, at the bodies `freeing`.
    """
    counts = await inboxes.count(chat.work, bodies, chat.person.id)
    numbers = {"all": counts.all, "mine": counts.mine, "new": counts.new, "overdue": counts.overdue}
    numbers["held"] = await inboxes.count_held(chat.work, freeing) if freeing else 0
    plain = [_item(chat, kind, number) for kind, number in numbers.items() if number or kind == "all"]
    return (*plain, *(_item(chat, kind) for kind in ("near", "category", "area")))


def _item(chat: Chat, kind: str, number: int | None = None) -> Item:
    name = chat.text(NAMES[kind])
    return Item(kind, name if number is None else f"{name} ({number})", ICONS[kind])


async def complete(chat: Chat, bodies: Sequence[str], chosen: Filter) -> Filter:
    """The filter with what it needs: a point to be near, one of the categories or areas that there are."""
    if chosen.kind == "near" and not (chosen.lat or chosen.lon):
        return await _find_near(chat.part("near"), chosen.value)
    if chosen.kind not in ("category", "area"):
        return chosen
    # Names on a button are ids; what was typed is looked for among the names.
    present = await inboxes.groups(chat.work, bodies, chosen.kind)
    known = [each for each, _ in present if chosen.value and each.startswith(chosen.value)]
    if known:
        return Filter(chosen.kind, known[0])
    named = {each: _name(chat, chosen.kind, each) for each, _ in present}
    typed = fold(chosen.value)
    if typed and (meant := [each for each, name in named.items() if typed in fold(name)]):
        return Filter(chosen.kind, meant[0])
    if not present:
        return chosen
    items = tuple(Item(each, f"{named[each]} ({number})") for each, number in present)
    question = Filters(items, ASKED[chosen.kind], recognise=lambda text: _among(named, text))
    return Filter(chosen.kind, await chat.ask(chosen.kind, question))


async def _find_near(chat: Chat, typed: str) -> Filter:
    """What is near the pin that she sends, or the address that she names, behind the command or when she is asked."""
    typed = await chat.recall("typed", lambda: typed)
    near = chat.pack.info.lat, chat.pack.info.lon
    place = Place(words=typed) if typed else await chat.ask("place", Where("ask-inbox-near", near=near))
    if not place.located:
        place = await find_point(chat, place)
    if place.lat is None or place.lon is None:
        if typed:
            chat.revise("typed", "")
        chat.reject("place", "inbox-needs-pin")
    meant = chat.pack.places.landmark_meant(place.words, chat.language)
    named = shorten(chat.pack.places.settle_words(meant, chat.language)) if meant else ""
    return Filter("near", named, place.lat, place.lon)


def _among(named: dict[str, str], text: str) -> str | None:
    return next((each for each, name in named.items() if fold(text) and fold(text) in fold(name)), None)


def _name(chat: Chat, kind: str, value: str) -> str:
    """What a category or an area is called; its id where the pack has dropped it."""
    found = chat.pack.category(value) if kind == "category" else chat.pack.area(value)
    return found.name(chat.language) if found else value


async def _say(chat: Chat, found: Waiting, chosen: Filter, page: int, most: int) -> None:
    if not found.tickets:
        everything = (Item("/inbox", chat.text("filter-all"), ICONS["all"]),)
        if page > 1 or chosen.kind != "all":
            return await chat.say("inbox-none", title=_title(chat, chosen), options=everything)
        return await chat.say("inbox-empty", options=await _held(chat))
    options = [Item(f"/view {each.code}", show_code(each.code)) for each in found.tickets]
    lines = [_line(chat, each, found.joined.get(each.code, 0)) for each in found.tickets]
    if found.total > most * page:
        options.append(Item(write_wish(page + 1, chosen), chat.text("more"), "▶️"))
        lines += [chat.text("inbox-next", command=_type_wish(chat, page + 1, chosen))] if chat.costs else []
    held = await _held(chat) if chosen.kind == "all" and page == 1 else ()
    options += held
    if found.total > 1 or chosen.kind != "all":
        options.append(Item("/inbox filter", chat.text("filter"), "🔎"))
    return await chat.say(
        "inbox-list",
        title=_title(chat, chosen),
        total=found.total,
        kinds=_kinds(chat, found, chosen, page, most),
        lines="\n".join(lines),
        options=tuple(options),
        columns=3,
    )


async def _held(chat: Chat) -> tuple[Item, ...]:
    """The way to what nobody has looked at yet, for who may let it go."""
    bodies = await bodies_for(chat, "free")
    number = await inboxes.count_held(chat.work, bodies) if bodies else 0
    return (Item("/inbox held", f"{chat.text('filter-held')} ({number})", ICONS["held"]),) if number else ()


def _title(chat: Chat, chosen: Filter) -> str:
    if chosen.kind == "all":
        return chat.text("inbox-title")
    if chosen.kind == "near" and chosen.value:
        return chat.text("inbox-title-of", filter=chat.text("near-place", where=chosen.value))
    name = _name(chat, chosen.kind, chosen.value) if chosen.value else chat.text(NAMES[chosen.kind]).lower()
    return chat.text("inbox-title-of", filter=name)


def _kinds(chat: Chat, found: Waiting, chosen: Filter, page: int, most: int) -> str:
    """How many of them press, behind the number of all, unless all of them do; on later pages which are shown."""
    if page > 1:
        first = most * (page - 1)
        return f" ({first + 1}-{first + len(found.tickets)})"
    pressing = (("overdue", "digest-overdue", found.overdue), ("new", "digest-new", found.new))
    numbers = [(key, number) for kind, key, number in pressing if number and kind != chosen.kind]
    told = ", ".join(chat.words.plural(key, number) for key, number in numbers)
    return f" ({told})" if told else ""


def _line(chat: Chat, ticket: Ticket, joined: int) -> str:
    """A ticket in one line, with what makes it press."""
    head, _, where = ticket_line(chat, ticket, joined, inside=True).partition("\n")
    urgent = "🔴 " if ticket.priority == "urgent" else ""
    due = hurry(chat, ticket) if ticket.held_at is None else ""
    return f"{urgent}{head}{f' · {due}' if due else ''}" + (f"\n{where}" if where else "")
