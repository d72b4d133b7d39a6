"""Ask for the place, and find out who answers there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.messages import Place
from bot.questions import Choice, Item, Where, YesNo
from handlers.answering import bodies_for
from handlers.views import shorten
from locales import fold

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.records import Area, Body, Category

UNKNOWN_AREA = "unknown"
# What fits on a button of a narrow phone.
MOST_LABEL = 36


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
    place = await chat.ask("place", where_question(chat, "ask-place-last" if last else ""))
    areas = await find_areas(chat, place, category, last=last)
    return Spot(place, areas, bodies_for(chat, areas, category))


def where_question(chat: Chat, text: str = "") -> Where:
    """The question for the place, under the message key `text`."""
    near = chat.pack.info.lat, chat.pack.info.lon
    return Where(text, near=near, address=lambda words: chat.pack.address(words, chat.language))


def is_placed(chat: Chat) -> bool:
    """True when the pocket tells a place and nobody will have to ask for its area."""
    found = where_question(chat).find(chat.pocket, chat.words)
    if found is None:
        return False
    meant = chat.pack.areas_meant(found.value.words, chat.language)
    return found.value.located or sum(map(chat.pack.is_narrow, meant)) == 1


async def find_areas(chat: Chat, place: Place, category: Category, *, last: bool = False) -> tuple[Area, ...]:
    """The areas of a place, most specific first; asked for when only words are known and it matters."""
    pack = chat.pack
    if place.lat is not None and place.lon is not None:
        if not (areas := pack.areas_at(place.lat, place.lon)):
            chat.reject("place", "place-outside", city=pack.name(chat.language))
        return areas
    choices = pack.area_choices()
    meant = tuple(area for area in pack.areas_meant(place.words, chat.language) if pack.is_narrow(area))
    if len(meant) == 1:
        return (meant[0], *_parents(chat, meant[0]))
    if not pack.depends_on_area(category.id):
        return ()
    # "Entre Palermo y Villa Crespo" names two, Corrientes y Callao lies in two: only they are offered.
    question = _area_question(chat, place, meant or choices, "ask-area-last" if last else "")
    area = pack.area(await chat.ask("area", question))
    return (area, *_parents(chat, area)) if area else ()


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
        meant = [area.id for area in chat.pack.areas_meant(text, chat.language)]
        likely = [area.id for area in areas if area.id in meant] or meant
        return likely[0] if len(likely) == 1 else None

    offered = tuple(Item(area.id, _label(area.label(chat.language))) for area in areas)
    hidden = tuple(Item(area.id, area.name(chat.language)) for area in chat.pack.area_choices() if area not in areas)
    unknown = Item(UNKNOWN_AREA, chat.text("i-do-not-know"))
    where = shorten(chat.pack.show_place(place.words, chat.language))
    return Choice((*offered, unknown), text, recognise=recognise, hidden=hidden, where=where)


def _label(text: str) -> str:
    """An area and its quarters, as many as fit on a button: "Comuna 9 (Liniers, Mataderos…)"."""
    if len(text) <= MOST_LABEL:
        return text
    cut = text[: MOST_LABEL - 2].rpartition(", ")[0] or text[: MOST_LABEL - 2]
    return f"{cut}…)" if "(" in cut else f"{cut}…"


def _parents(chat: Chat, area: Area) -> tuple[Area, ...]:
    parent = chat.pack.area(area.parent) if area.parent else None
    return (parent, *_parents(chat, parent)) if parent else ()
