"""Where it is: a place in whatever way it is told, and the point of one that only words are known of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.answers import Found, Pocket, Said, Took, Unclear
from bot.messages import Place
from bot.questions import Item, Question, Wants
from locales import fold
from routing.alarms import find_alarm
from routing.places import read_place, unreadable_link

if TYPE_CHECKING:
    from locales import Catalog
    from routing.addresses import Address


class _OfPlace(Question):
    """Asks about a place: `near` (lat, lon) completes short plus codes, `address` finds a street address in words."""

    wants: Wants = "place"

    def __init__(
        self,
        text: str = "",
        *,
        near: tuple[float, float] | None = None,
        address: Callable[[str], Address | None] | None = None,
        **values: Any,
    ) -> None:
        super().__init__(text, **values)
        self.near = near
        self.address = address


class Where(_OfPlace):
    """A place: a pin, a venue, coordinates, a map link, a plus code, or words kept as said.

    An address is looked for in what was said too early; `last` is what "the same place as last time" means.
    """

    type: Any = Place

    def __init__(self, text: str = "", *, last: Place | None = None, **values: Any) -> None:
        super().__init__(text, **values)
        self.last = last

    def items(self, words: Catalog) -> tuple[Item, ...]:
        again = (Item("last", words.text("same-place")),) if self.last else ()
        return (Item("@location", words.text("share-location")), *again)

    def grow(self, value: Place, pocket: Pocket) -> Found | None:
        """A pin, a map link or coordinates sent later correct the place."""
        if pocket.place:
            return Found(pocket.place, replace(pocket, place=None))
        found = read_place(pocket.words, near=self.near) if pocket.words else None
        return Found(found.place, replace(pocket, words=found.rest)) if found and found.place.located else None

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.place:
            return Took(said.place, frozenset({"place"}))
        if found := read_place(said.text, near=self.near):
            return Took(found.place, frozenset({"text"}))
        if unreadable_link(said.text):
            return Unclear("unclear-place-link")
        text = said.text.strip()
        folded = fold(text)
        if said.tapped == "last" or folded in words.same_place or (folded == "1" and self.last):
            return Took(self.last, frozenset({"text"})) if self.last else Unclear("unclear-place-no-last")
        if folded in words.here:
            return Unclear("unclear-place-here")
        if folded in words.unsure:
            return Unclear("unclear-place-unsure")
        if sum(c.isalnum() for c in text) < 3 or folded in words.skip or folded in words.yes:
            return Unclear("unclear-place")
        # Of a cry for help only the address says where; the rest is for those who come.
        if find_alarm(text) and self.address and (address := self.address(text)):
            return Took(Place(words=address.words), frozenset({"text"}), text)
        return Took(Place(words=text[:300]), frozenset({"text"}))

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        if pocket.place:
            return Found(pocket.place, replace(pocket, place=None))
        if not pocket.words:
            return None
        if found := read_place(pocket.words, near=self.near):
            return Found(found.place, replace(pocket, words=found.rest))
        address = self.address(pocket.words) if self.address else None
        if address is None:
            return None
        # "Corrientes 1200" says where and nothing else; longer words tell the story as well, and stay whole.
        return Found(Place(words=address.words), pocket if address.others else replace(pocket, words=""))


class Pin(_OfPlace):
    """The point of a place that only words are known of; it may do without. Another address names the place anew."""

    type: Any = Place | None

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return Item("@location", words.text("share-location")), Item("skip", words.text("go-on-so"))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        folded = fold(said.text)
        without = folded == "1" or folded in words.skip or folded in words.no or folded in words.unsure
        if said.tapped == "skip" or without or folded == fold(words.text("go-on-so")):
            return Took(None, frozenset({"text"}))
        heard = Where(near=self.near).read(said, words, shown)
        if not isinstance(heard, Took):
            return Unclear("unclear-pin")
        place: Place = heard.value
        told = place.located or any(c.isdigit() for c in place.words) or (self.address and self.address(place.words))
        return heard if told else Unclear("unclear-pin")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        return Found(pocket.place, replace(pocket, place=None)) if pocket.place else None
