"""Ask for the place, and find out who answers there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import msgspec

from bot.choices import Choice, YesNo
from bot.messages import Place
from bot.place_questions import Where
from bot.questions import Item
from handlers.answering import bodies_for
from handlers.pointing import find_point
from handlers.towns import MOST_OFFERED, find_towns
from handlers.views import shorten
from locales import fold
from routing.guards import mend_position
from storage.places import last_place

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.records import Area, Body, Category

UNKNOWN_AREA = "unknown"
# What fits on a button of a narrow phone.
MOST_LABEL = 36
# Slips are made by who types; a phone's own pin has none.
TYPED = ("coordinates", "link")
# Seconds: who reported longer ago will have forgotten where.
RECENT = 90 * 86400.0


class Spot(NamedTuple):
    """A place, the areas it lies in (most specific first, none when nobody can tell), and who answers there."""

    place: Place
    areas: tuple[Area, ...]
    bodies: tuple[Body, ...]

    @property
    def area(self) -> Area | None:
        """The most specific area; None when nobody can tell."""
        return self.areas[0] if self.areas else None


async def ask_place(chat: Chat, category: Category, *, last: bool = False) -> Spot:
    """Where the problem is: a pin, a link, coordinates, a photo's own position, or words.

    `last` says that nothing else will be asked.
    """
    taken = None if chat.heard("place") else photo_place(chat)
    if taken and await chat.ask("use-photo-place", YesNo(place=taken)):
        chat.suppose("place", taken)
    before = await _place_before(chat)
    told = await chat.ask("place", where_question(chat, "ask-place-last" if last else "", before))
    if told.located:
        place = mend(chat, told)
    else:
        asks = chat.pack.depends_on_area(category.id) and not area_meant(chat, told)
        place = await find_point(chat, told, asks=asks, last=last)
    areas = await find_areas(chat, place, category, last=last)
    return Spot(place, areas, bodies_for(chat, areas, category))


def where_question(chat: Chat, text: str = "", before: Place | None = None) -> Where:
    """The question for the place, under the message key `text`; `before` is where she reported last."""
    near = chat.pack.info.lat, chat.pack.info.lon
    return Where(text, near=near, address=lambda words: chat.pack.places.address(words, chat.language), last=before)


def is_placed(chat: Chat) -> bool:
    """True when the pocket tells a place; its area may have to be asked for yet."""
    found = where_question(chat).find(chat.pocket, chat.words)
    if found is None:
        return False
    place: Place = found.value
    if position := _position(place):
        mended = mend_position(*position, _served(chat))
        return bool(chat.pack.look(*(mended[:2] if mended else position), place.accuracy).areas)
    return True


def area_meant(chat: Chat, place: Place) -> Area | None:
    """The one narrow area that the words of a place tell."""
    meant = _narrow_areas(chat, place)
    return meant[0] if len(meant) == 1 else None


def mend(chat: Chat, place: Place) -> Place:
    """Coordinates with their two numbers in the right order and with their signs, which she is told."""
    position = _position(place)
    mended = mend_position(*position, _served(chat)) if position and place.source in TYPED else None
    if mended is None:
        return place
    chat.remark("place-mended", lat=f"{mended.lat:.5f}", lon=f"{mended.lon:.5f}")
    return msgspec.structs.replace(place, lat=mended.lat, lon=mended.lon)


async def find_areas(chat: Chat, place: Place, category: Category, *, last: bool = False) -> tuple[Area, ...]:
    """The areas of a place, most specific first; asked for where it matters and cannot be told.

    Words without a point may lie anywhere, a point beside a border on either side of it.
    """
    pack = chat.pack
    meant = _narrow_areas(chat, place)
    if position := _position(place):
        return await _areas_around(chat, place, position, category, meant, last=last)
    if len(meant) == 1:
        return (meant[0], *_parents(chat, meant[0]))
    if not pack.depends_on_area(category.id):
        return ()
    # "Entre Palermo y Villa Crespo" names two, Corrientes y Callao lies in two: only they are offered.
    offered = meant or pack.area_choices()
    if len(offered) > MOST_OFFERED:
        offered = await find_towns(chat, place, last=last)
    area = offered[0] if len(offered) == 1 else await _choose_area(chat, place, offered, last=last)
    return (area, *_parents(chat, area)) if area else ()


async def _choose_area(chat: Chat, place: Place, offered: tuple[Area, ...], *, last: bool) -> Area | None:
    if not offered:
        return None
    question = _area_question(chat, place, offered, "ask-area-last" if last else "")
    return chat.pack.area(await chat.ask("area", question))


async def _areas_around(
    chat: Chat,
    place: Place,
    position: tuple[float, float],
    category: Category,
    meant: tuple[Area, ...],
    *,
    last: bool,
) -> tuple[Area, ...]:
    """The areas of a point; which side of a border it is on is asked for when others answer there."""
    pack = chat.pack
    look = pack.look(*position, place.accuracy)
    if not look.areas:
        _turn_back(chat, look.near)
    if not look.between:
        return look.areas
    sides = {area.id: pack.areas_in(area, *position, place.accuracy) for area in look.between}
    # A house number or a quarter that she has named tells the side.
    if len(said := [area for area in meant if area.id in sides]) == 1:
        return sides[said[0].id]
    answering = {tuple(body.id for body in pack.decide(areas, category.id).bodies) for areas in sides.values()}
    if len(answering) == 1:
        return look.areas
    side = await chat.ask("border", _border_question(chat, look.between, "ask-border-last" if last else ""))
    return sides.get(side, look.areas)


def _turn_back(chat: Chat, near: str) -> NoReturn:
    """Say that nothing is served there, and what is, and ask again."""
    city = chat.pack.name(chat.language)
    if near:
        chat.reject("place", "place-outside-near", city=city, near=near)
    chat.reject("place", "place-outside", city=city)


def _border_question(chat: Chat, areas: tuple[Area, ...], text: str) -> Choice:
    def recognise(text: str) -> str | None:
        if fold(text) in chat.words.unsure:
            return UNKNOWN_AREA
        meant = {area.id for area in chat.pack.places.areas_meant(text, chat.language)}
        likely = [area.id for area in areas if area.id in meant]
        return likely[0] if len(likely) == 1 else None

    offered = tuple(Item(area.id, label_area(area.label(chat.language))) for area in areas)
    unknown = Item(UNKNOWN_AREA, chat.text("i-do-not-know"))
    named = f" {chat.text('or')} ".join(area.name(chat.language) for area in areas)
    return Choice((*offered, unknown), text, recognise=recognise, areas=named)


async def _place_before(chat: Chat) -> Place | None:
    """Where she reported last, for who wants it again; nobody looks where the place is known already."""
    if chat.heard("place") or "code" in chat.args or where_question(chat).find(chat.pocket, chat.words):
        return None
    since = chat.now - RECENT
    kept = await chat.recall("place-before", lambda: last_place(chat.work, chat.person.id, since))
    return msgspec.convert(kept, Place | None)


def _narrow_areas(chat: Chat, place: Place) -> tuple[Area, ...]:
    return tuple(area for area in chat.pack.places.areas_meant(place.words, chat.language) if chat.pack.is_narrow(area))


def _position(place: Place) -> tuple[float, float] | None:
    return (place.lat, place.lon) if place.lat is not None and place.lon is not None else None


def _served(chat: Chat) -> Callable[[float, float], bool]:
    return lambda lat, lon: bool(chat.pack.areas_at(lat, lon))


def photo_place(chat: Chat) -> Place | None:
    """The position that a photo in the pocket carried, when it lies in the served area."""
    for media in chat.pocket.media:
        place = media.place
        if place and place.lat is not None and place.lon is not None and chat.pack.areas_at(place.lat, place.lon):
            return place
    return None


def _area_question(chat: Chat, place: Place, areas: tuple[Area, ...], text: str) -> Choice:
    def recognise(text: str) -> str | None:
        if fold(text) in chat.words.unsure:
            return UNKNOWN_AREA
        meant = [area.id for area in chat.pack.places.areas_meant(text, chat.language)]
        likely = [area.id for area in areas if area.id in meant] or meant
        return likely[0] if len(likely) == 1 else None

    names = Counter(area.name(chat.language) for area in areas)
    offered = tuple(Item(area.id, label_area(_label(chat, area, names))) for area in areas)
    every = chat.pack.area_choices()
    others = [area for area in every if area not in areas] if len(every) <= MOST_OFFERED else []
    hidden = tuple(Item(area.id, area.name(chat.language)) for area in others)
    unknown = Item(UNKNOWN_AREA, chat.text("i-do-not-know"))
    where = shorten(chat.pack.places.show_place(place.words, chat.language))
    return Choice((*offered, unknown), text, recognise=recognise, hidden=hidden, where=where)


def _label(chat: Chat, area: Area, names: Counter[str]) -> str:
    """An area with its quarters, or with what it lies in where another one is called alike."""
    parent = chat.pack.area(area.parent) if area.parent and names[area.name(chat.language)] > 1 else None
    return f"{area.name(chat.language)} ({parent.name(chat.language)})" if parent else area.label(chat.language)


def label_area(text: str) -> str:
    """An area and its quarters, as many as fit on a button: "Comuna 9 (Liniers, Mataderos…)"."""
    if len(text) <= MOST_LABEL:
        return text
    cut = text[: MOST_LABEL - 2].rpartition(", ")[0] or text[: MOST_LABEL - 2]
    return f"{cut}…)" if "(" in cut else f"{cut}…"


def _parents(chat: Chat, area: Area) -> tuple[Area, ...]:
    parent = chat.pack.area(area.parent) if area.parent else None
    return (parent, *_parents(chat, parent)) if parent else ()
