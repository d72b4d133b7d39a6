"""Who answers for a category in a place; where nobody does she hears why, and a number that must be phoned first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from bot.choices import Choice
from bot.messages import Place
from bot.questions import Item
from locales import fold
from routing.records import text_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import Chat
    from routing.records import Area, Body, Category
    from routing.responsibility import Decision


def known_areas(chat: Chat) -> tuple[Area, ...]:
    """The areas of the place, most specific first, as far as coordinates were told already; () for not yet."""
    place = chat.told("place", Place) or chat.pocket.place
    if place is None or place.lat is None or place.lon is None:
        return ()
    return chat.pack.areas_at(place.lat, place.lon)


def bodies_for(chat: Chat, areas: Sequence[Area], category: Category) -> tuple[Body, ...]:
    """The bodies that answer, the one who leads first; where nobody does she hears why, and chooses something else."""
    decision = chat.pack.decide(areas, category.id)
    return decision.bodies or turn_away(chat, category, decision, areas)


def turn_away(chat: Chat, category: Category, decision: Decision, areas: Sequence[Area]) -> NoReturn:
    """Say why nobody answers for a category, and where to go; then ask for another one, or for another place."""
    if areas and not chat.pack.offered(areas):
        chat.reject("place", "place-outside", city=chat.pack.name(chat.language))
    why = decision.not_served
    reason = text_in(why.reason, chat.language) if why else ""
    go_to = text_in(why.go_to, chat.language) if why else ""
    name = category.name(chat.language)
    if reason:
        chat.remark("not-served", category=name, reason=f"{reason} {go_to}".strip())
    else:
        where = areas[0].name(chat.language) if areas else chat.pack.name(chat.language)
        chat.remark("not-served-here", category=name, area=where)
    # What she said meant this: another word of hers is asked for.
    chat.drop_words()
    chat.change("rest", "subcategory", "category")


async def told_to_phone(chat: Chat, category: Category, areas: Sequence[Area] = ()) -> bool:
    """Tell the number of an emergency before anything else; False when the call is all that she wants.

    Once without areas, as soon as the category is known, and once with them: only some places may have a number.
    By SMS nobody is asked for one more message: the number stands in front of what is said next.
    """
    first, here = (chat.pack.decide(where, category.id).emergency for where in ((), areas))
    emergency = None if areas and first else here
    if emergency is None:
        return True
    told: dict[str, Any] = {"phone": emergency.phone, "say": text_in(emergency.say, chat.language)}
    if chat.costs:
        chat.remark("emergency-notice", **told)
        return True
    if await chat.ask(f"emergency-{category.id}", _report_as_well(chat, told)) == "report":
        return True
    await chat.say("phoned-instead", phone=emergency.phone)
    return False


def _report_as_well(chat: Chat, told: dict[str, Any]) -> Choice:
    def recognise(text: str) -> str | None:
        # "Sí, por favor", "no, ya llamé": the first word says it.
        folded = fold(text).partition(" ")[0]
        if folded in chat.words.yes:
            return "report"
        return "enough" if folded in chat.words.no else None

    offered = (Item("report", chat.text("report-anyway"), "📝"), Item("enough", chat.text("phone-is-enough"), "📞"))
    return Choice(offered, "ask-emergency", recognise=recognise, tells=_tells, confirms=True, **told)


def _tells(text: str) -> bool:
    """Only where it is: an answer that was not understood is no part of the report."""
    return any(c.isdigit() for c in text) and len(text.split()) > 1
