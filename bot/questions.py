"""What can be asked: small typed objects that say what they offer and how they read an answer.

A question knows nothing about channels, the network or the database. `read` returns what it took from a message,
`Unclear` with a kind reason, and `find` looks into the pocket for what was said too early.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from bot.messages import Contact, Media, Place
from locales import fold
from routing.places import read_place, unreadable_link

if TYPE_CHECKING:
    from locales import Catalog
    from routing.addresses import Address

Part = Literal["text", "place", "media", "contact"]
Wants = Literal["", "place", "photos", "words", "contact"]


class Said(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One message as a question hears it: files are fetched, `tapped` is the value of one of its own buttons."""

    text: str = ""
    captioned: bool = False
    tapped: str = ""
    place: Place | None = None
    media: tuple[Media, ...] = ()
    contact: Contact | None = None
    message: str = ""


class Pocket(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was said before its question came."""

    words: str = ""
    place: Place | None = None
    media: tuple[Media, ...] = ()
    contact: Contact | None = None


class Took(Struct, frozen=True):
    """An answer, which parts of the message it used up, and `words` worth keeping for a later question."""

    value: Any
    used: frozenset[Part] = frozenset()
    words: str = ""


class Unclear(Struct, frozen=True):
    """Not an answer: `key` is the message that says why, kindly; `words` are worth keeping for another question."""

    key: str
    values: dict[str, Any] = {}
    words: str = ""


class Found(Struct, frozen=True):
    """An answer out of the pocket, and the pocket without it."""

    value: Any
    pocket: Pocket


class Item(Struct, frozen=True):
    """One thing to choose: its value, what is read, an icon."""

    value: str
    label: str
    icon: str = ""


class Question(ABC):
    """What the machine needs of a question: `read` is each one's own, the rest are defaults.

    `type` is the Python type of the answer, kept as JSON in between. `text` is the message key, "" for "ask-" and the
    question's name; `values` fill its {names}; `media` and `place` are shown with it, `template` and `about` are as an
    Outbound has them. A `quiet` question takes what is there, and asks only when the citizen wants to change it. A
    `loose` one is asked once: what does not answer it is heard as if it had not been asked.
    """

    type: Any = str
    wants: Wants = ""
    columns: int = 1
    loose: bool = False

    def __init__(
        self,
        text: str = "",
        *,
        quiet: bool = False,
        media: tuple[str, ...] = (),
        place: Place | None = None,
        template: str = "",
        about: dict[str, str] | None = None,
        **values: Any,
    ) -> None:
        self.text = text
        self.values = values
        self.template = template
        self.about = about or {}
        self.quiet = quiet
        self.media = media
        self.place = place

    @abstractmethod
    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        """The answer in a message; `shown` are the values in the order in which they were offered."""

    def items(self, words: Catalog) -> tuple[Item, ...]:
        """What is offered."""
        return ()

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        """The answer in the pocket."""
        return None

    def grow(self, value: Any, pocket: Pocket) -> Found | None:
        """The remembered answer with what came after it, None when nothing did."""
        return None

    def valid(self, value: Any) -> bool:
        """False when a remembered answer is none any more."""
        return True

    def default(self) -> Any:
        """What a quiet question answers when nothing was said."""
        return None


class Choice(Question):
    """One of several: a tap, a typed number, the typed label, or words that `recognise` knows to mean one.

    With `keeps_words`, longer words in which the choice was recognised stay for the question that wants them: "hay un
    bache enorme en la esquina" is a category and a description, "bache" only a category. Words that choose nothing stay
    too where `tells` says that they tell something. One that `confirms` is never answered by what was said before it.
    """

    def __init__(
        self,
        offered: tuple[Item, ...],
        text: str = "",
        *,
        recognise: Callable[[str], str | None] | None = None,
        hidden: tuple[Item, ...] = (),
        keeps_words: bool = False,
        tells: Callable[[str], bool] | None = None,
        confirms: bool = False,
        columns: int = 1,
        **values: Any,
    ) -> None:
        super().__init__(text, **values)
        self.columns = columns
        self.keeps_words = keeps_words
        self.tells = tells
        self.confirms = confirms
        self.offered = offered
        self.hidden = hidden
        self.recognise = recognise

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return self.offered

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.tapped and self.valid(said.tapped):
            return Took(said.tapped)
        if (value := self._typed(said.text, shown)) is not None and self.valid(value):
            return Took(value, frozenset({"text"}))
        value = self.recognise(said.text) if self.recognise and said.text else None
        if value is None or not self.valid(value):
            return self._unclear(said.text.strip())
        return Took(value, frozenset({"text"}), said.text.strip() if self._tells_more(said.text) else "")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        if self.confirms or not self.recognise or not pocket.words:
            return None
        value = self.recognise(pocket.words)
        if value is None or not self.valid(value):
            return None
        # A word or two under a photo say all that there is to say of it.
        tells = self._tells_more(pocket.words, shown=bool(pocket.media))
        return Found(value, pocket if tells else _without(pocket, words=""))

    def valid(self, value: Any) -> bool:
        return any(item.value == value for item in (*self.offered, *self.hidden))

    def _unclear(self, text: str) -> Unclear:
        telling = text if self.tells and text and self.tells(text) else ""
        return Unclear("unclear-choice" if text else "unclear-choice-needed", words=telling)

    def _tells_more(self, text: str, *, shown: bool = False) -> bool:
        return self.keeps_words and (shown or len(text.split()) > 3 or any(c.isdigit() for c in text))

    def _typed(self, text: str, shown: tuple[str, ...]) -> str | None:
        folded = fold(text)
        if folded.isdecimal() and len(folded) < 4 and 1 <= int(folded) <= len(shown):
            return shown[int(folded) - 1]
        labels = {_fold_label(item.label): item.value for item in (*self.offered, *self.hidden)}
        if folded in labels:
            return labels[folded]
        starts = {value for label, value in labels.items() if len(folded) > 2 and label.startswith(folded)}
        return starts.pop() if len(starts) == 1 else None


class YesNo(Question):
    """Yes or no, in any of a language's words."""

    type: Any = bool
    columns: int = 2

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return Item("yes", words.text("yes")), Item("no", words.text("no"))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        typed = fold(said.text)
        if said.tapped == "yes" or typed in words.yes or typed == "1":
            return Took(True, frozenset({"text"}))
        if said.tapped == "no" or typed in words.no or typed == "2":
            return Took(False, frozenset({"text"}))
        return Unclear("unclear-yes-no")


class Words(Question):
    """Free words, kept as said. `most` characters; files that come along go to the pocket for the next question.

    With `or_files` a photo without a word is an answer too: no words. What is captioned later is added. A quiet one
    that finds nothing takes `otherwise`.
    """

    wants: Wants = "words"

    def __init__(
        self,
        text: str = "",
        *,
        most: int = 1000,
        optional: bool = False,
        or_files: bool = False,
        otherwise: str = "",
        **values: Any,
    ) -> None:
        super().__init__(text, **values)
        self.most = most
        self.otherwise = otherwise
        self.optional = optional
        self.or_files = or_files

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return (Item("skip", words.text("skip")),) if self.optional else ()

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        text = said.text.strip()
        if self.optional and (said.tapped == "skip" or fold(text) in words.skip or text == "1"):
            return Took("", frozenset({"text"}))
        if self.or_files and said.media and not text:
            return Took("")
        if not any(c.isalnum() for c in text):
            return Unclear("unclear-words")
        if len(text) > self.most:
            return Unclear("unclear-words-long", {"most": self.most})
        return Took(text, frozenset({"text"}))

    def default(self) -> str:
        return self.otherwise

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        text = pocket.words.strip()
        if any(c.isalnum() for c in text):
            return Found(text[: self.most], _without(pocket, words=""))
        return Found("", pocket) if self.or_files and pocket.media else None

    def grow(self, value: str, pocket: Pocket) -> Found | None:
        """The remembered words and those that came after them."""
        more = pocket.words.strip()
        if not more:
            return None
        return Found(f"{value}\n{more}".strip()[: self.most], _without(pocket, words=""))


class Photos(Question):
    """Up to `most` photos, or one video or voice note; optional unless asked for expressly."""

    type: Any = tuple[Media, ...]
    wants: Wants = "photos"

    def __init__(
        self, text: str = "", *, most: int = 4, optional: bool = True, quiet: bool = False, **values: Any
    ) -> None:
        super().__init__(text, quiet=quiet, most=most, **values)
        self.most = most
        self.optional = optional

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return (Item("skip", words.text("skip")),) if self.optional else ()

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.media:
            return Took(self.enough((), said.media), frozenset({"media"}))
        if self.optional and (said.tapped == "skip" or fold(said.text) in words.skip or fold(said.text) == "1"):
            return Took((), frozenset({"text"}))
        return Unclear("unclear-photos")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        return Found(self.enough((), pocket.media), _without(pocket, media=())) if pocket.media else None

    def grow(self, value: tuple[Media, ...], pocket: Pocket) -> Found | None:
        """The remembered files and those that came after them."""
        return Found(self.enough(value, pocket.media), _without(pocket, media=())) if pocket.media else None

    def enough(self, had: tuple[Media, ...], new: tuple[Media, ...]) -> tuple[Media, ...]:
        """As many as a report holds: photos up to `most`, else the first film or voice note."""
        every = tuple({media.id: media for media in (*had, *new)}.values())
        photos = tuple(media for media in every if media.kind in ("photo", "document"))
        return photos[: self.most] if photos else every[:1]

    def default(self) -> Any:
        return ()


class Where(Question):
    """A place: a pin, a venue, coordinates, a map link, a plus code, or words kept as said.

    `near` (lat, lon) completes short plus codes, `address` finds a street address inside what was said too early,
    `last` is what "the same place as last time" means.
    """

    type: Any = Place
    wants: Wants = "place"

    def __init__(
        self,
        text: str = "",
        *,
        near: tuple[float, float] | None = None,
        address: Callable[[str], Address | None] | None = None,
        last: Place | None = None,
        **values: Any,
    ) -> None:
        super().__init__(text, **values)
        self.near = near
        self.address = address
        self.last = last

    def items(self, words: Catalog) -> tuple[Item, ...]:
        again = (Item("last", words.text("same-place")),) if self.last else ()
        return (Item("@location", words.text("share-location")), *again)

    def grow(self, value: Place, pocket: Pocket) -> Found | None:
        """A pin, a map link or coordinates sent later correct the place."""
        if pocket.place:
            return Found(pocket.place, _without(pocket, place=None))
        found = read_place(pocket.words, near=self.near) if pocket.words else None
        return Found(found.place, _without(pocket, words=found.rest)) if found and found.place.located else None

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
        return Took(Place(words=text[:300]), frozenset({"text"}))

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        if pocket.place:
            return Found(pocket.place, _without(pocket, place=None))
        if not pocket.words:
            return None
        if found := read_place(pocket.words, near=self.near):
            return Found(found.place, _without(pocket, words=found.rest))
        address = self.address(pocket.words) if self.address else None
        if address is None:
            return None
        # "Corrientes 1200" says where and nothing else; longer words tell the story as well, and stay whole.
        return Found(Place(words=address.words), pocket if address.others else _without(pocket, words=""))


class Pin(Question):
    """The point of a place that only words are known of; it may do without. Another address names the place anew."""

    type: Any = Place | None
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
        return Found(pocket.place, _without(pocket, place=None)) if pocket.place else None


class Number(Question):
    """A whole number between `least` and `most`."""

    type: Any = int

    def __init__(self, text: str = "", *, least: int = 0, most: int = 1_000_000, **values: Any) -> None:
        super().__init__(text, least=least, most=most, **values)
        self.least = least
        self.most = most

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        text = said.text.strip().replace(".", "").replace(" ", "")
        if text.isdecimal() and len(text) < 12 and self.least <= int(text) <= self.most:
            return Took(int(text), frozenset({"text"}))
        return Unclear("unclear-number", {"least": self.least, "most": self.most})


class AskContact(Question):
    """A phone number that the provider proves to be the sender's own."""

    type: Any = Contact
    wants: Wants = "contact"

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return (Item("@contact", words.text("share-contact")),)

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.contact and said.contact.own:
            return Took(said.contact, frozenset({"contact"}))
        return Unclear("unclear-contact-foreign" if said.contact else "unclear-contact")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        if pocket.contact and pocket.contact.own:
            return Found(pocket.contact, _without(pocket, contact=None))
        return None


# Labels are few and the same for everybody; a list of categories is compared with every typed answer.
_fold_label = lru_cache(maxsize=4096)(fold)


def _without(pocket: Pocket, **changes: Any) -> Pocket:
    kept = {name: getattr(pocket, name) for name in Pocket.__struct_fields__}
    return Pocket(**{**kept, **changes})
