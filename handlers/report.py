"""Report a problem: what, where, in the citizen's words, with photos; a preview; sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.choices import Choice
from bot.messages import Media, Place
from bot.questions import Item, Photos, Words
from handlers import notices
from handlers.answering import told_to_phone
from handlers.categories import ask_category
from handlers.lengths import tell_cut
from handlers.outages import gather
from handlers.targets import first_targets
from handlers.twins import join_twin, same_problem_nearby
from handlers.views import body_names, day, place_line, seen_place
from handlers.where import ask_place, is_placed
from locales import fold
from routing.alarms import find_alarms
from routing.earnest import find_doubt
from routing.learning import telling_words
from routing.masking import mask, masked_or_none
from routing.timetable import URGENT
from storage import choices, deliveries, flood, passing, tickets
from storage.codes import show_code
from storage.updates import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from routing.records import Area, Body, Category
    from storage.people import Person

MOST_PHOTOS = 4
MOST_WORDS = 1500


class Draft(NamedTuple):
    """A report with everything answered; the first of the bodies leads."""

    category: Category
    place: Place
    area: Area | None
    bodies: tuple[Body, ...]
    details: str
    photos: tuple[Media, ...]


async def report(chat: Chat) -> None:
    """From "hola" to a ticket. Any order, one message or ten."""
    await greet(chat)
    opening = await chat.recall("opening", lambda: all_at_once(chat))
    at_once = await chat.recall("at-once", lambda: bool(opening))
    placed = await chat.recall("placed", lambda: at_once and is_placed(chat))
    category = await ask_category(chat, last=at_once and placed)
    if notice := category.notice(chat.language):
        chat.remark("category-notice", notice=notice)
    if not await told_to_phone(chat, category):
        return
    spot = await ask_place(chat, category, last=at_once)
    if spot.areas and not await told_to_phone(chat, category, spot.areas):
        return
    if ticket := await same_problem_nearby(chat, category, spot, at_once=at_once):
        await join_twin(chat, ticket, opening)
        return
    details = await ask_details(chat, category, opening)
    photos = await chat.ask("photos", Photos(most=MOST_PHOTOS, quiet=True))
    draft = Draft(category, spot.place, spot.area, spot.bodies, details, photos)
    if full := at_once and was_told_last(chat, placed=placed):
        if not (until := await full_until(chat)):
            await send(chat, draft, "report-sent-at-once")
            return
        chat.remark("sent-enough", until=day(chat, until))
    # Who has seen it before sending decides by herself from then on.
    chat.revise("at-once", False)
    decision = await chat.ask("send", preview(chat, draft, full=full or chat.rejected("send")))
    if decision == "send":
        if until := await full_until(chat):
            chat.reject("send", "sent-enough", until=day(chat, until))
        await send(chat, draft)
        return
    if decision == "hold":
        chat.remark("not-sent-yet")
    chat.change("send", *CHANGES[decision])


def all_at_once(chat: Chat) -> str:
    """The words of who wrote all in one message by SMS, where each further one costs; "" for anybody else."""
    words = chat.pocket.words
    told = len(words.split()) >= WHOLE_STORY or chat.pack.places.address(words, chat.language) is not None
    return words if chat.costs and told and not chat.pocket.media else ""


async def ask_details(chat: Chat, category: Category, opening: str) -> str:
    """What it is like, in words; who wrote all in one message is not asked for more."""
    prompt = category.prompt(chat.language)
    key = _details_key(chat, prompt)
    asked = Words(key, most=MOST_WORDS, prompt=prompt, quiet=bool(opening), otherwise=opening)
    words: str = await chat.ask("details", asked)
    tell_cut(chat, asked)
    return words


def was_told_last(chat: Chat, *, placed: bool) -> bool:
    """True when her last answer was to a question that said: "with that I send it"."""
    chosen = chat.answered("category") or chat.answered("subcategory")
    placing = any(map(chat.answered, ("area", "town", "border", "candidate")))
    return chat.answered("twin") or placing or chat.answered("place") or (chosen and placed)


async def greet(chat: Chat) -> None:
    """Say who speaks, to whoever did not come straight to the point; what came before the first word is noted."""
    pocket = chat.pocket
    brought = await chat.recall("brought", lambda: [bool(pocket.words), bool(pocket.media or pocket.place)])
    if brought[0]:
        return
    chat.remark("welcome", city=chat.pack.name(chat.language))
    if brought[1]:
        chat.remark("noted")


def _details_key(chat: Chat, prompt: str) -> str:
    if chat.pocket.media or chat.heard("photos"):
        return "ask-details-only-own" if prompt else "ask-details-only"
    return "ask-details-own" if prompt else ""


# What a button of the preview asks anew.
CHANGES = {
    "category": ("subcategory", "category"),
    "place": ("area", "town", "border", "pin", "candidate", "use-photo-place", "place"),
    "details": ("details",),
    "photos": ("photos",),
    "hold": (),
}
# Fewer words at the preview are an answer that was not understood; more of them, or coordinates, tell more.
TELLING_WORDS = 3
# So many words are more than a beginning.
WHOLE_STORY = 5
LONGEST_NUMBER = 5


def preview(chat: Chat, draft: Draft, *, full: bool = False) -> Choice:
    """The question before sending: what others will see, and what may still be changed.

    Who has just heard that she has to wait (`full`) is shown what is kept, and not asked whether to send it now.
    """
    photos = Item("photos", chat.text("add-photos" if not draft.photos else "change-photos"), "📷")
    # Where an SMS is all she has, a phone can hardly send any: whoever can still says so.
    offers_photos = bool(draft.photos) or not chat.costs
    shown = mask(draft.details, chat.language).text
    if shown != draft.details:
        chat.remark("masked", body=body_names(chat, draft.bodies))
    offered = (
        Item("send", chat.text("send"), "✅"),
        *((photos,) if offers_photos else ()),
        Item("details", chat.text("change-details"), "✏️"),
        Item("place", chat.text("change-place"), "📍"),
        Item("category", chat.text("change-category"), draft.category.icon),
    )
    return Choice(
        offered,
        "preview-kept" if full else "preview",
        recognise=lambda text: _decision(chat, text),
        hidden=(Item("hold", chat.text("no")), *(() if offers_photos else (photos,))),
        tells=_tells,
        confirms=True,
        columns=2,
        category=draft.category.name(chat.language),
        icon=draft.category.icon,
        where=place_line(chat, seen_place(draft.place, chat.language), draft.area),
        details=shown,
        files=_count_files(chat, draft.photos),
        body=body_names(chat, draft.bodies),
    )


def _tells(text: str) -> bool:
    return len(text.split()) >= TELLING_WORDS or (len(text) > LONGEST_NUMBER and any(c.isdigit() for c in text))


def _decision(chat: Chat, text: str) -> str | None:
    folded = fold(text)
    if folded in chat.words.yes:
        return "send"
    return "hold" if folded in chat.words.no else None


def _count_files(chat: Chat, files: tuple[Media, ...]) -> str:
    if not files:
        return chat.text("no-files")
    if all(each.kind == "photo" for each in files):
        return chat.words.plural("photos", len(files))
    return chat.words.plural("files", len(files))


async def full_until(chat: Chat) -> float:
    """Until when the draft of who has sent as many as anybody may has to wait (Unix seconds); 0 for anybody else."""
    if chat.person.official or chat.did("ticket"):
        return 0.0
    limits, marks = chat.limits, here(chat)
    if marks and marks[0] not in chat.work.flooded_at:
        who = [session.person for session in chat.work.sessions.values()]
        await flood.read_marks(chat.work, [mark for each in who for mark in marks_at(chat, each)])
    return max(
        await flood.full_until(chat.work, chat.person.id, limits.per_hour, limits.per_day) or 0.0,
        await flood.marked_full_until(chat.work, marks, limits.per_hour, limits.per_day) or 0.0,
        await flood.marked_full_until(chat.work, network(chat), 0, limits.network_per_day) or 0.0,
    )


def here(chat: Chat) -> list[str]:
    """The marks of this very address, which outlive that its person is forgotten; none where nothing is limited."""
    if not (chat.limits.per_hour or chat.limits.per_day):
        return []
    return marks_at(chat, chat.person)


def marks_at(chat: Chat, who: Person) -> list[str]:
    """The same of anybody's address."""
    return flood.marks_of(chat.keyed_hash, f"{who.account}/{who.external}", chat.now)


def network(chat: Chat) -> list[str]:
    """The mark of the network that she writes from, where that is known and limited."""
    return [chat.network] if chat.network and chat.limits.network_per_day else []


def is_doubtful(draft: Draft) -> bool:
    """True where somebody looks first: a test, rubbish or a mere insult, without a picture that tells more."""
    return not draft.photos and find_doubt(draft.details) is not None


async def send(chat: Chat, draft: Draft, key: str = "report-sent") -> None:
    """Open the ticket, tell the body's officials, and say who has it now and how to follow it."""
    code = await chat.do("ticket", lambda: open_ticket(chat, draft))
    if is_doubtful(draft):
        body = body_names(chat, draft.bodies)
        return await chat.say("report-held", code=show_code(code), body=body, ticket=code)
    unclaimed = await chat.do("handed-over", lambda: hand_over(chat, draft, code))
    return await chat.say(
        "report-sent-waits" if draft.bodies[0].id in unclaimed else key,
        code=show_code(code),
        category=draft.category.name(chat.language),
        where=place_line(chat, draft.place, draft.area),
        body=body_names(chat, draft.bodies),
        link=chat.link("follow", f"/t/{code}"),
        ticket=code,
    )


async def open_ticket(chat: Chat, draft: Draft, *, looked_at: bool = False) -> str:
    """The effect of sending: the ticket's code; of what was `looked_at` nobody doubts any more that it is meant."""
    held = is_doubtful(draft) and not looked_at
    priority = URGENT if find_alarms(draft.details) else ""
    targets, watch_at = first_targets(chat.pack, draft.category.id, draft.bodies[0].id, chat.now, priority)
    code = tickets.open_ticket(
        chat.work,
        person_id=chat.person.id,
        address_id=chat.person.address_id,
        category=draft.category.id,
        body=draft.bodies[0].id,
        area=draft.area.id if draft.area else "",
        place=draft.place,
        words=draft.details,
        public_words=masked_or_none(draft.details, chat.language),
        media_ids=[photo.id for photo in draft.photos],
        language=chat.language,
        priority=priority,
        targets=targets,
        watch_at=watch_at,
        held=held,
    )
    flood.note(chat.work, [*here(chat)[:1], *network(chat)])
    choices.note(chat.work, chat.language, telling_words(draft.details, chat.language), draft.category.id)
    passing.stand_beside(chat.work, code, [body.id for body in draft.bodies[1:]])
    if held or priority:
        await _note(chat, code, [("held", "")] * held + [("priority", priority)] * bool(priority))
    # Of an outage its officials hear as a whole.
    if held or not await gather(chat, code, draft.category):
        # Whether it is meant is for the one that leads to say.
        await notices.tell_offices(chat, [body.id for body in draft.bodies[: 1 if held else None]], code, 1)
    return code


async def _note(chat: Chat, code: str, noted: Sequence[tuple[str, str]]) -> None:
    """Put into the internal history what its words alone led to: (action, reason) each."""
    found = await tickets.by_code(chat.work, code)
    for action, reason in noted:
        entry = Change(actor="system", action=action, reason=reason, public=False)
        found = await tickets.append(chat.work, found, entry) if found else None


async def hand_over(chat: Chat, draft: Draft, code: str) -> list[str]:
    """Have the ticket delivered; the ids of the bodies that nobody receives for yet."""
    return await deliveries.hand_over(chat.work, chat.pack, code, draft.category.id, draft.bodies, 1)
