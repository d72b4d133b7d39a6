"""One problem, one ticket: who is about to report what is there already is asked whether it is the same, and joins."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from bot.choices import Choice
from bot.questions import Item, Photos, Words
from handlers import notices
from handlers.changes import by_citizen
from handlers.join import join_ticket, say_joined
from handlers.outages import running_incidents
from handlers.views import ago, body_name, joined_line, quoted, seen_place, shorten
from locales import fold
from storage import merging, nearby, supporters, tickets, updates
from storage.codes import show_code
from storage.nearby import Near
from storage.wording import read_words

if TYPE_CHECKING:
    from bot.conversation import Chat
    from bot.messages import Media, Place
    from handlers.where import Spot
    from routing.records import Category
    from storage.tickets import Ticket

Standing = Literal["new", "own", "joined"]

DAY = 86400.0
# More to choose from is more than anybody reads on a phone.
MOST_SHOWN = 3
# Who told all in one SMS is asked only where it can hardly be another one: GPS in a street is that far off.
REALLY_NEAR_M = 50.0
# A pin is no more exact than this: it says "right there".
HERE_M = 15.0
MOST_GIST, MOST_GIST_SMS, MOST_PLACE = 120, 40, 60
MOST_WORDS, MOST_PHOTOS = 1500, 4
OTHER = "other"
# Fewer words at the question are an answer that was not understood; more of them tell more.
TELLING_WORDS = 3


class Twin(Struct, frozen=True, omit_defaults=True):
    """An open ticket that may be the same problem, as it was when it was looked for; `metres` None: only the area is.

    `place` are the words for where it is; of one that is `vague`, or whose look-out was, nobody knows the metres.
    `photo` is the id of its first one; `mine` tells that she reported it herself.
    """

    code: str
    at: float
    words: str
    metres: float | None = None
    place: str = ""
    vague: bool = False
    joined: int = 0
    photo: str = ""
    mine: bool = False
    incident: bool = False


async def same_problem_nearby(chat: Chat, category: Category, spot: Spot, *, at_once: bool) -> Ticket | None:
    """The open ticket that she says is the same; None when there is none near, or hers is another."""
    if category.other or not (category.nearby_m or category.outage):
        return None
    # What was near there stays so for this talk, and another place or another category is another look.
    place = f"near-{category.id}-{spot.place.lat}-{spot.place.lon}-{spot.area.id if spot.area else ''}"
    if not spot.place.located:
        place += f"-{spot.place.words}"
    near = await chat.recall(place, lambda: _look_around(chat, category, spot, at_once=at_once))
    twins = msgspec.convert(near, tuple[Twin, ...])
    if not twins:
        return None
    chosen = str(await chat.ask("twin", _which(chat, twins, at_once=at_once)))
    return None if chosen.startswith(OTHER) else await _still_open(chat, chosen)


async def join_twin(chat: Chat, ticket: Ticket, told: str) -> None:
    """Join it, with what she has told and shown already, or may add now; `told` are words the pocket does not hold."""
    standing: Standing = await chat.recall("standing", lambda: _standing(chat, ticket))
    if standing == "new":
        await chat.do("join", lambda: join_ticket(chat, ticket))
    words: str = await chat.ask("adding", _more(chat, ticket, standing, told))
    photos = await chat.ask("adding-photos", Photos(most=MOST_PHOTOS, quiet=True))
    if words or photos:
        await chat.do("added", lambda: _add(chat, ticket, words, photos))
    if words and not photos and not (chat.costs or chat.answered("adding")):
        # What she had told before is with the official already, whatever she answers to this.
        photos = await chat.ask("one-more-photo", _photo(chat, ticket, standing))
        if photos:
            await chat.do("photos-added", lambda: _add(chat, ticket, "", photos))
    await _confirm(chat, ticket, standing, added=bool(words or photos))


async def _look_around(chat: Chat, category: Category, spot: Spot, *, at_once: bool) -> list[Twin]:
    incidents = await running_incidents(chat, category, spot) if category.outage else []
    around = await (_around(chat, category, spot.place) if spot.place.located else _called_so(chat, category, spot))
    if at_once:
        around = [each for each in around if _really_near(each, spot.place)]
    known = {each.ticket.code for each in incidents}
    shown = [*incidents, *(each for each in around if each.ticket.code not in known)]
    return await _described(chat, spot.place, shown[: 1 if chat.costs else MOST_SHOWN])


async def _around(chat: Chat, category: Category, place: Place) -> list[Near]:
    if place.lat is None or place.lon is None or not category.nearby_m:
        return []
    since = chat.now - category.nearby_days * DAY
    return await nearby.open_tickets(
        chat.work, lat=place.lat, lon=place.lon, category=category.id, radius_m=category.nearby_m, since=since
    )


async def _called_so(chat: Chat, category: Category, spot: Spot) -> list[Near]:
    """Those at the same address in the same area, where nobody knows a point: as the pack reads both."""
    said = _address(chat, spot.place)
    if not said or spot.area is None or not category.nearby_m:
        return []
    since = chat.now - category.nearby_days * DAY
    found = await nearby.of_area(chat.work, area=spot.area.id, category=category.id, since=since)
    return [Near(each, 0.0) for each in found if _address(chat, each.place) == said]


def _address(chat: Chat, place: Place) -> str:
    """The address in a place's words in the one way in which it is written; "" for a place without one."""
    address = chat.pack.places.address(place.words, chat.language) if place.words else None
    # Behind the comma stands the area, which is compared by itself.
    return fold(address.settled.partition(",")[0]) if address else ""


def _really_near(each: Near, place: Place) -> bool:
    return each.distance_m <= REALLY_NEAR_M and not _vague(each.ticket.place, place)


def _vague(one: Place, other: Place) -> bool:
    """True when the two may well be further apart than they look; the same words mean the same place."""
    named = fold(one.words)
    return max(one.accuracy or 0.0, other.accuracy or 0.0) > REALLY_NEAR_M and not (
        named and named == fold(other.words)
    )


async def _described(chat: Chat, place: Place, found: list[Near]) -> list[Twin]:
    if not found:
        return []
    codes = [each.ticket.code for each in found]
    photos, joined = await updates.first_photos(chat.work, codes), await supporters.counts(chat.work, codes)
    return [
        Twin(
            each.ticket.code,
            each.ticket.created_at,
            shorten(read_words(each.ticket, "public"), MOST_GIST),
            metres=each.distance_m if isfinite(each.distance_m) else None,
            place=shorten(seen_place(each.ticket.place, chat.language).words, MOST_PLACE),
            vague=_vague(each.ticket.place, place),
            joined=joined.get(each.ticket.code, 0),
            photo=photos.get(each.ticket.code, ""),
            mine=each.ticket.person_id == chat.person.id,
            incident=each.ticket.incident_at is not None,
        )
        for each in found
    ]


def _which(chat: Chat, twins: tuple[Twin, ...], *, at_once: bool) -> Choice:
    """The question, with words, age, distance and photos of each."""
    first, *others = twins
    # An answer stands for these twins only: another place has others, and is asked about anew.
    another = Item(OTHER + "".join(twin.code for twin in twins), chat.text("twin-another"))
    alone = [Item(first.code, chat.text("twin-same-own" if first.mine else "twin-same"), "🙋")]
    several = [Item(twin.code, chat.text("twin-number", n=n), "🙋") for n, twin in enumerate(twins, 1)]
    plain = chat.costs or chat.person.low_data
    return Choice(
        (*(several if others else alone), another),
        _question(first, several=bool(others), at_once=at_once),
        recognise=lambda text: _recognise(chat, text, first.code if not others else "", another.value),
        tells=lambda text: len(text.split()) >= TELLING_WORDS,
        confirms=True,
        columns=2,
        media=() if plain else tuple(twin.photo for twin in twins if twin.photo and not twin.incident),
        code=show_code(first.code),
        distance=_distance(chat, first),
        age=ago(chat, first.at),
        joined=_joined(chat, first),
        gist=quoted(chat, shorten(first.words, MOST_GIST_SMS if plain else MOST_GIST)),
        lines="\n".join(_line(chat, n, twin) for n, twin in enumerate(twins, 1)),
    )


def _question(first: Twin, *, several: bool, at_once: bool) -> str:
    if several:
        return "ask-twins"
    if first.mine:
        return "ask-twin-own-last" if at_once else "ask-twin-own"
    if first.incident:
        return "ask-twin-incident-last" if at_once else "ask-twin-incident"
    return "ask-twin-last" if at_once else "ask-twin"


def _line(chat: Chat, number: int, twin: Twin) -> str:
    mine = f" {chat.text('twin-mine')}" if twin.mine else ""
    place = f"{_distance(chat, twin)}, {ago(chat, twin.at)}{_joined(chat, twin)}{mine}"
    return f"{number}. {place}{quoted(chat, twin.words)}"


def _distance(chat: Chat, twin: Twin) -> str:
    if twin.incident or twin.metres is None:
        return chat.text("twin-in-area")
    # Where every letter costs the place is left out: the distance tells enough.
    place = "" if chat.costs or chat.person.low_data or not twin.place else f" ({twin.place})"
    if twin.vague:
        return chat.text("twin-close") + place
    metres = chat.text("twin-metres", n=round(twin.metres, -1))
    return (chat.text("twin-here") if twin.metres < HERE_M else metres) + place


def _joined(chat: Chat, twin: Twin) -> str:
    return f", {chat.words.plural('supporters', twin.joined)}" if twin.joined else ""


def _recognise(chat: Chat, text: str, only: str, another: str) -> str | None:
    folded = fold(text)
    if folded in chat.words.no or folded in chat.words.skip:
        return another
    return only if only and folded in chat.words.yes else None


async def _still_open(chat: Chat, code: str) -> Ticket | None:
    """The chosen ticket, or the one that stands for it now; None when it was closed while she thought about it."""
    found = await tickets.by_code(chat.work, code)
    ticket = await merging.lead(chat.work, found) if found else None
    gone = await chat.recall(f"gone-{code}", lambda: ticket is None or not ticket.open)
    if gone:
        chat.remark("twin-gone", code=show_code(code))
    return None if gone else ticket


async def _standing(chat: Chat, ticket: Ticket) -> Standing:
    if ticket.person_id == chat.person.id:
        return "own"
    return "joined" if await tickets.supports(chat.work, ticket.code, chat.person.id) else "new"


def _more(chat: Chat, ticket: Ticket, standing: Standing, told: str) -> Words:
    """Whatever else she has to say of it; who pays for each message is not asked."""
    return Words(
        "ask-adding" if standing == "new" else "ask-adding-own",
        most=MOST_WORDS,
        optional=True,
        or_files=True,
        quiet=chat.costs,
        otherwise=told[:MOST_WORDS],
        code=_code(ticket),
    )


def _photo(chat: Chat, ticket: Ticket, standing: Standing) -> Photos:
    key = "ask-adding-photo" if standing == "new" else "ask-adding-photo-own"
    return Photos(key, most=MOST_PHOTOS, code=_code(ticket), body=body_name(chat, ticket.body))


def _code(ticket: Ticket) -> str:
    return show_code(ticket.code)


async def _add(chat: Chat, ticket: Ticket, words: str, photos: Iterable[Media]) -> int:
    files = tuple(photo.id for photo in photos)
    after = await tickets.append(chat.work, ticket, by_citizen(chat, words=words, media=files))
    await notices.tell_hands(chat, ticket, after.update_seq)
    return after.update_seq


async def _confirm(chat: Chat, ticket: Ticket, standing: Standing, *, added: bool) -> None:
    code, body = _code(ticket), body_name(chat, ticket.body)
    if standing == "new" and not (chat.answered("adding") or chat.answered("one-more-photo")):
        return await say_joined(chat, ticket)
    if standing == "new":
        # That she joined was said with the question.
        return await chat.say("adding-done" if added else "adding-skipped", code=code, body=body, ticket=ticket.code)
    if added:
        return await chat.say("answer-passed-on", code=code, body=body, ticket=ticket.code)
    if standing == "own":
        return await chat.say("join-own", code=code, ticket=ticket.code)
    return await chat.say("join-already", code=code, joined=await joined_line(chat, ticket.code), ticket=ticket.code)
