"""Report a problem: what, where, in the citizen's words, with photos; a preview; sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.messages import Media, Place
from bot.questions import Choice, Item, Photos, Words
from handlers import notices
from handlers.categories import ask_category
from handlers.views import place_line
from handlers.where import ask_place
from locales import fold
from storage import tickets
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.conversation import Chat
    from routing.records import Area, Body, Category

MOST_PHOTOS = 4
MOST_WORDS = 1500


class Draft(NamedTuple):
    """A report with everything answered."""

    category: Category
    place: Place
    area: Area | None
    body: Body
    details: str
    photos: tuple[Media, ...]


async def report(chat: Chat) -> None:
    """From "hola" to a ticket. Any order, one message or ten."""
    if not chat.pocket.words and not chat.pocket.media and not chat.pocket.place:
        chat.remark("welcome", city=chat.pack.name(chat.language))
    category = await ask_category(chat)
    if notice := category.notice(chat.language):
        chat.remark("category-notice", notice=notice)
    spot = await ask_place(chat, category)
    prompt = category.prompt(chat.language)
    details = await chat.ask("details", Words("ask-details-own" if prompt else "", most=MOST_WORDS, prompt=prompt))
    photos = await chat.ask("photos", Photos(most=MOST_PHOTOS, quiet=True))
    draft = Draft(category, spot.place, spot.area, spot.body, details, photos)
    decision = await chat.ask("send", preview(chat, draft))
    if decision == "send":
        await send(chat, draft)
    else:
        chat.change("send", *CHANGES[decision])


# What a button of the preview asks anew.
CHANGES = {
    "category": ("subcategory", "category"),
    "place": ("area", "use-photo-place", "place"),
    "details": ("details",),
    "photos": ("photos",),
}


def preview(chat: Chat, draft: Draft) -> Choice:
    """The question before sending: what others will see, and what may still be changed."""
    photos = "add-photos" if not draft.photos else "change-photos"
    offered = (
        Item("send", chat.text("send"), "✅"),
        Item("photos", chat.text(photos), "📷"),
        Item("details", chat.text("change-details"), "✏️"),
        Item("place", chat.text("change-place"), "📍"),
        Item("category", chat.text("change-category"), draft.category.icon),
    )
    count = len(draft.photos)
    return Choice(
        offered,
        "preview",
        recognise=lambda text: "send" if _agrees(chat, text) else None,
        columns=2,
        category=draft.category.name(chat.language),
        icon=draft.category.icon,
        where=place_line(chat, draft.place, draft.area),
        details=draft.details,
        files=chat.words.plural("files", count) if count else chat.text("no-files"),
        body=draft.body.name(chat.language),
    )


def _agrees(chat: Chat, text: str) -> bool:
    return fold(text) in chat.words.yes


async def send(chat: Chat, draft: Draft) -> None:
    """Open the ticket, tell the body's officials, and say who has it now and how to follow it."""
    code = await chat.do("ticket", lambda: open_ticket(chat, draft))
    await chat.say(
        "report-sent",
        code=show_code(code),
        body=draft.body.name(chat.language),
        link=chat.link("follow", f"/t/{code}"),
        ticket=code,
    )


async def open_ticket(chat: Chat, draft: Draft) -> str:
    """The effect of sending: the ticket's code."""
    code = tickets.open_ticket(
        chat.work,
        person_id=chat.person.id,
        address_id=chat.person.address_id,
        category=draft.category.id,
        body=draft.body.id,
        area=draft.area.id if draft.area else "",
        place=draft.place,
        words=draft.details,
        media_ids=[photo.id for photo in draft.photos],
        language=chat.language,
    )
    await notices.tell_officials(chat, draft.body.id, code, 1)
    return code
