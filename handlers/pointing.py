"""From words to a point: the pack's own streets and places first, then geocoders; several are a choice with a map.

Nobody is kept waiting for a point: where none is found the words stay, and a pin is asked for where one can be sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from bot.choices import Choice
from bot.messages import Place
from bot.place_questions import Pin
from bot.questions import Item
from handlers.views import shorten
from locales import fold
from routing.candidates import POINTS, Candidate, certain

if TYPE_CHECKING:
    from bot.conversation import Chat

NONE = "none"
# What fits on a button of a narrow phone.
MOST_LABEL = 36
# More words than these tell a story, and a story is told to nobody else.
MOST_ASKED = 6
# A number that nobody lives at: a telephone's, an identity card's.
LONG_NUMBER = re.compile(r"\d{6}|\d[\d .-]{6,}\d")
# Seconds: a geocoder has answered by then or will not; see bot/geocoding.py.
GIVE_UP = 20.0
# Where no picture can be shown, or every one costs.
WITHOUT_PICTURES = ("sms", "terminal")


async def find_point(chat: Chat, place: Place, *, asks: bool = True, last: bool = False) -> Place:
    """The place with its words in the pack's one way of writing them, and its point where that is known.

    Who writes by SMS has no pin to send, and is asked which point it is only where she would be asked for the area
    instead (`asks`); `last` says that nothing else will be asked.
    """
    said, language = place.words, chat.language
    if chat.pack.places.address(said, language) is None and len(said.split()) <= MOST_ASKED:
        said = chat.pack.places.landmark_meant(said, language)
    place = msgspec.structs.replace(place, words=chat.pack.places.settle_words(said, language))
    points = [each for each in chat.pack.places.points(said, language) if each.kind in POINTS]
    asked = "" if points else words_to_ask(chat, said)
    if asked:
        points = await _ask_geocoders(chat, said, asked)
    if sure := certain(points):
        return _at(place, sure)
    if not points:
        return await _ask_pin(chat, place) if asked and not chat.costs else place
    if chat.costs and not asks:
        return place
    if chosen := await _choose(chat, place, points, last=last):
        return _at(place, chosen)
    return place if chat.costs else await _ask_pin(chat, place, "ask-pin-instead")


def words_to_ask(chat: Chat, said: str) -> str:
    """What of a place's words a geocoder is asked for, and nothing of what else was told; "" for nothing.

    Parts of a settlement are on no map, and neither is "a la vuelta de casa".
    """
    if not chat.can_look_up("geocode"):
        return ""
    if chat.pack.places.address(said, chat.language) is not None:
        return chat.pack.places.address_to_ask(said, chat.language)
    few = len(said.split()) <= MOST_ASKED and not LONG_NUMBER.search(said)
    return said if few and not chat.pack.places.is_relative(said, chat.language) else ""


async def _ask_geocoders(chat: Chat, said: str, asked: str) -> list[Candidate]:
    """The points that geocoders know, in the areas that the words name."""
    request = {"do": "geocode", "words": asked, "language": chat.language}
    answer = await chat.look_up(f"geocode {asked}", request, give_up=GIVE_UP)
    found = msgspec.convert(answer or [], list[Candidate])
    return [
        each
        for each in found
        if each.kind in POINTS and chat.pack.places.allows(said, chat.language, each.lat, each.lon)
    ]


async def _choose(chat: Chat, place: Place, points: Sequence[Candidate], *, last: bool) -> Candidate | None:
    """The one that she means, seen on a map where her phone shows pictures; None for none of them."""
    by_value = {_value(each): each for each in points}
    media = await draw_map(chat, [(each.lat, each.lon) for each in points])
    where = shorten(place.words)
    if len(points) == 1:
        question = _is_it_here(chat, points[0], media, last=last)
    else:
        offered = [Item(value, _label(_told(chat, each))) for value, each in by_value.items()]
        none = Item(NONE, chat.text("no-such-place"))
        text = "ask-candidate-last" if last else ""
        question = Choice((*offered, none), text, recognise=lambda text: _denied(chat, text), media=media, where=where)
    return by_value.get(await chat.ask("candidate", question))


def _is_it_here(chat: Chat, point: Candidate, media: tuple[str, ...], *, last: bool) -> Choice:
    value = _value(point)

    def recognise(text: str) -> str | None:
        return value if fold(text) in chat.words.yes else _denied(chat, text)

    items = (Item(value, chat.text("yes-there")), Item(NONE, chat.text("no")))
    found = shorten(_told(chat, point))
    text = "ask-candidate-one-last" if last else "ask-candidate-one"
    return Choice(items, text, recognise=recognise, columns=2, media=media, found=found)


def _denied(chat: Chat, text: str) -> str | None:
    folded = fold(text)
    return NONE if folded in chat.words.no or folded in chat.words.unsure or folded in chat.words.skip else None


def _label(text: str) -> str:
    return shorten(text, MOST_LABEL).replace(",…", "…")


def _told(chat: Chat, point: Candidate) -> str:
    """What a point is called, with its area."""
    areas = chat.pack.areas_at(point.lat, point.lon)
    area = areas[0].name(chat.language) if areas else ""
    return point.words if not area or area in point.words else f"{point.words}, {area}"


async def draw_map(chat: Chat, points: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """A picture of the map with these points (latitude, longitude), where it can be shown."""
    channel = chat.person.account.partition(":")[0]
    if channel in WITHOUT_PICTURES or chat.person.low_data or not chat.can_look_up("chart"):
        return ()
    request = {"do": "chart", "points": [list(each) for each in points], "language": chat.language}
    name = " ".join(f"{lat:.5f},{lon:.5f}" for lat, lon in points)
    drawn = await chat.look_up(f"chart {name}", request, give_up=GIVE_UP)
    return (str(drawn),) if drawn else ()


async def _ask_pin(chat: Chat, place: Place, text: str = "") -> Place:
    """The words with the pin that she sends; the words alone when she cannot, others when she has better ones."""
    near = chat.pack.info.lat, chat.pack.info.lon
    question = Pin(
        text,
        near=near,
        address=lambda words: chat.pack.places.address(words, chat.language),
        where=shorten(place.words),
    )
    pin: Place | None = await chat.ask("pin", question)
    if pin is None:
        return place
    if not pin.located:
        chat.answer_instead("place", pin, "pin", "candidate")
    return msgspec.structs.replace(pin, words=place.words)


def _at(place: Place, point: Candidate) -> Place:
    """The place in words at a point."""
    return msgspec.structs.replace(place, lat=point.lat, lon=point.lon, accuracy=point.accuracy)


def _value(point: Candidate) -> str:
    """What a remembered choice is known by: it is none any more when other points are offered."""
    return f"{point.lat:.5f},{point.lon:.5f}"
