"""Setting a sent report right: "it was another kind of problem", "it is somewhere else", without starting over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.choices import Choice, YesNo
from bot.messages import Media
from bot.questions import Item
from handlers import notices
from handlers.answering import told_to_phone
from handlers.categories import ask_category
from handlers.changes import by_citizen
from handlers.codes import ask_ticket, split_code
from handlers.report import Draft, hand_over, open_ticket
from handlers.targets import begin_anew
from handlers.views import body_names, place_line, status_name
from handlers.where import Spot, ask_place
from locales import fold
from routing.learning import telling_words
from storage import choices, deliveries, moderation, passing, supporters, tickets, updates
from storage.codes import read_code, show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.records import Area, Category
    from storage.tickets import Ticket

# While nobody works on it, it stays the same ticket.
STAYS = ("received", "acknowledged")


class Filing(NamedTuple):
    """What a ticket should have said; the first body leads."""

    category: Category
    spot: Spot


async def refile(chat: Chat) -> None:
    """ "Cambiar K7Q4-2MX": the reporter says what it is really about, or where; whoever has to do with it is told."""
    if (ticket := await _which(chat)) is None:
        return None
    code = show_code(ticket.code)
    if ticket.person_id != chat.person.id:
        return await chat.say("not-yours", code=code)
    if not ticket.open and not (chat.did("set-right") or chat.did("anew")):
        return await chat.say("already-closed", code=code, status=status_name(chat, ticket.status))
    filing = await _ask_filing(chat, ticket)
    if filing is None:
        return None
    about = _about(chat, filing)
    if filing.category.id == ticket.category and filing.spot.place == ticket.place:
        return await chat.say("refile-same", code=code, **about)
    body = body_names(chat, filing.spot.bodies)
    if not await chat.ask("sure", YesNo("ask-refile-sure", code=code, body=body, **about)):
        return await chat.say("refile-kept", code=code)
    stays = await chat.recall("stays", lambda: ticket.status in STAYS)
    if stays:
        waits = await chat.do("set-right", lambda: _refile(chat, ticket, filing))
        key = "refiled-waits" if waits else "refiled"
        return await chat.say(key, code=code, body=body, ticket=ticket.code, **about)
    new = await chat.do("anew", lambda: _file_anew(chat, ticket, filing))
    link = chat.link("follow", f"/t/{new}")
    return await chat.say("refiled-anew", old=code, code=show_code(new), body=body, link=link, ticket=new, **about)


async def _which(chat: Chat) -> Ticket | None:
    """The ticket meant; who names none and has one open means that one, and a draft is no ticket yet."""
    rest = str(chat.args.get("rest", ""))
    if chat.args.get("code") or read_code(rest.split()[0] if rest else ""):
        return await ask_ticket(chat)
    if not await chat.recall("alone", lambda: chat.alone):
        await chat.say("refile-draft")
        return None
    mine = [each for each in await tickets.of_person(chat.work, chat.person.id) if each.person_id == chat.person.id]
    still = [each.code for each in mine if each.open]
    only = await chat.recall("only", lambda: still[0] if len(still) == 1 else "")
    return await tickets.by_code(chat.work, only) if only else await ask_ticket(chat)


async def _ask_filing(chat: Chat, ticket: Ticket) -> Filing | None:
    items = Item("category", chat.text("refile-category")), Item("place", chat.text("refile-place"))
    named = _named(chat, items)
    what = named or await chat.ask("what", Choice(items, "ask-refile", columns=2, code=show_code(ticket.code)))
    areas = _areas_of(chat, ticket)
    if what == "category":
        category = await ask_category(chat, here=areas)
        if not await told_to_phone(chat, category):
            return None
        return Filing(category, Spot(ticket.place, areas, chat.pack.decide(areas, category.id).bodies))
    known = chat.pack.category(ticket.category)
    if known is None:
        # The pack has dropped it: she says anew what it is.
        known = await ask_category(chat)
    return Filing(known, await ask_place(chat, known))


def _named(chat: Chat, items: tuple[Item, ...]) -> str:
    """What was wrong, where the command says it by itself: "me equivoqué de lugar"."""
    said = fold(split_code(str(chat.args.get("rest", "")))[1]).split()
    found = [item.value for item in items if fold(item.label).split()[-1] in said]
    return found[0] if len(found) == 1 else ""


def _areas_of(chat: Chat, ticket: Ticket) -> tuple[Area, ...]:
    if ticket.place.lat is not None and ticket.place.lon is not None:
        return chat.pack.areas_at(ticket.place.lat, ticket.place.lon)
    area = chat.pack.area(ticket.area) if ticket.area else None
    return (area,) if area else ()


def _about(chat: Chat, filing: Filing) -> dict[str, Any]:
    category, where = filing.category, place_line(chat, filing.spot.place, filing.spot.area, "a-pin")
    return {"category": f"{category.icon} {category.name(chat.language)}", "where": where}


async def _refile(chat: Chat, ticket: Ticket, filing: Filing) -> bool:
    """The same ticket, said rightly: who had it, who has it now and who joined it are told.

    True when nobody receives for the body that leads now.
    """
    had = [ticket.body, *await passing.beside(chat.work, ticket.code)]
    lead, *others = (body.id for body in filing.spot.bodies)
    area = filing.spot.area.id if filing.spot.area else ""
    await passing.refile(chat.work, ticket, category=filing.category.id, area=area, place=filing.spot.place)
    if [lead, *others] != had:
        await passing.assign(chat.work, ticket.code, lead, others)
    _learn(chat, ticket, filing.category.id)
    moved = lead != ticket.body and ticket.status != "received"
    status = "received" if moved else ""
    entry = by_citizen(chat, body=lead, status=status, words=_words(chat, ticket, filing))
    after = await tickets.append(chat.work, ticket, entry)
    if (lead, filing.category.id) != (ticket.body, ticket.category):
        await begin_anew(chat.work, chat.pack, ticket.code)
    new = [body for body in filing.spot.bodies if body.id not in had]
    waits = await deliveries.hand_over(chat.work, chat.pack, ticket.code, filing.category.id, new, after.update_seq)
    told = [ticket.body, lead] if ticket.held_at is not None else [*had, lead, *others]
    await notices.tell_offices(chat, told, ticket.code, after.update_seq)
    await notices.tell_supporters(chat, after)
    return lead in waits


async def _file_anew(chat: Chat, ticket: Ticket, filing: Filing) -> str:
    """A new ticket with the same words and photos, because somebody works on the old one; who joined comes along."""
    photos = tuple(Media(id=each, kind="photo") for each in await updates.media_of(chat.work, ticket.code))
    draft = Draft(filing.category, filing.spot.place, filing.spot.area, filing.spot.bodies, ticket.words, photos)
    code = await open_ticket(chat, draft, looked_at=True)
    await moderation.carry_over(chat.work, ticket.code, code)
    await hand_over(chat, draft, code)
    await supporters.bring_along(chat.work, ticket.code, code)
    words = chat.text("goes-on-in", code=show_code(code))
    after = await tickets.append(chat.work, ticket, by_citizen(chat, status="withdrawn", words=words))
    await notices.tell_bodies(chat, ticket, after.update_seq)
    await notices.tell_supporters(chat, after)
    _learn(chat, ticket, "")
    return code


def _learn(chat: Chat, ticket: Ticket, category: str) -> None:
    """Her words meant another category ("": counted already) than they were counted for."""
    words = telling_words(ticket.words, ticket.language)
    choices.note(chat.work, ticket.language, words, ticket.category, times=-1)
    if category:
        choices.note(chat.work, ticket.language, words, category)


def _words(chat: Chat, ticket: Ticket, filing: Filing) -> str:
    if filing.category.id != ticket.category:
        was = chat.pack.category(ticket.category)
        old = was.name(chat.language) if was else ticket.category
        return chat.text("refiled-category", old=old, new=filing.category.name(chat.language))
    return chat.text("refiled-place", where=place_line(chat, filing.spot.place, filing.spot.area, "a-pin"))
