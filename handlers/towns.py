"""A pack may serve a whole country: more towns than anybody pages through. Hers is asked for by its name, or a pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.answers import Took, Unclear
from bot.questions import Item, Question
from handlers.views import shorten
from locales import fold

if TYPE_CHECKING:
    from bot.answers import Said
    from bot.conversation import Chat
    from bot.messages import Place
    from bot.questions import Wants
    from locales import Catalog
    from routing.pack import Pack
    from routing.records import Area

# More areas than these are asked for by name.
MOST_OFFERED = 30
UNKNOWN = "unknown"


class WhichTown(Question):
    """The name of a town as she writes it, "" for who does not know; a pin corrects the place instead."""

    wants: Wants = "place"

    def __init__(self, text: str, pack: Pack, where: str) -> None:
        super().__init__(text, where=where)
        self._pack = pack

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return Item("@location", words.text("share-location")), Item(UNKNOWN, words.text("i-do-not-know"))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        name = said.text.strip()
        if said.tapped == UNKNOWN or fold(name) in {*words.unsure, fold(words.text("i-do-not-know")), "1"}:
            return Took("", frozenset({"text"}))
        known = name and self._pack.choices_called(name)
        return Took(name, frozenset({"text"})) if known else Unclear("unclear-town")


async def find_towns(chat: Chat, place: Place, *, last: bool) -> tuple[Area, ...]:
    """The areas of the name that stands behind the place's last comma, or else of the one she is asked for."""
    _, comma, behind = place.words.rpartition(",")
    if comma and (told := chat.pack.choices_called(behind)):
        return told
    where = shorten(chat.pack.places.show_place(place.words, chat.language))
    name = await chat.ask("town", WhichTown("ask-town-last" if last else "ask-town", chat.pack, where))
    return chat.pack.choices_called(name) if name else ()
