"""What can be asked: small typed objects that say what they offer and how they read an answer.

A question knows nothing about channels, the network or the database. `read` returns what it took from a message,
`Unclear` with a kind reason, and `find` looks into the pocket for what was said too early.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bot.answers import Found, Pocket, Said, Took, Unclear
from bot.messages import Contact, Media, Place
from locales import fold

if TYPE_CHECKING:
    from locales import Catalog

Wants = Literal["", "place", "photos", "words", "contact"]


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
    `loose` one is asked once: what does not answer it is heard as if it had not been asked. Where it also `stays`, it
    holds what she said: news and files that come meanwhile do not end it.
    """

    type: Any = str
    wants: Wants = ""
    columns: int = 1
    loose: bool = False
    stays: bool = False

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


class Words(Question):
    """Free words, kept as said. `most` characters; files that come along go to the pocket for the next question.

    With `or_files` a photo without a word is an answer too: no words. What is captioned later is added. A quiet one
    that finds nothing takes `otherwise`. What nobody asked for in so many words is `cut` where it is longer.
    """

    wants: Wants = "words"
    cut: bool = False

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
            return Unclear("unclear-words-long", {"most": self.most, "over": len(text) - self.most})
        return Took(text, frozenset({"text"}))

    def default(self) -> str:
        return self.fit(self.otherwise)

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        text = pocket.words.strip()
        if any(c.isalnum() for c in text):
            return Found(self.fit(text), replace(pocket, words=""))
        return Found("", pocket) if self.or_files and pocket.media else None

    def grow(self, value: str, pocket: Pocket) -> Found | None:
        """The remembered words and those that came after them."""
        more = pocket.words.strip()
        if not more:
            return None
        return Found(self.fit(f"{value}\n{more}".strip()), replace(pocket, words=""))

    def fit(self, text: str) -> str:
        """As much of a text as there is room for."""
        self.cut = len(text) > self.most
        return text[: self.most]


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
        return Found(self.enough((), pocket.media), replace(pocket, media=())) if pocket.media else None

    def grow(self, value: tuple[Media, ...], pocket: Pocket) -> Found | None:
        """The remembered files and those that came after them."""
        return Found(self.enough(value, pocket.media), replace(pocket, media=())) if pocket.media else None

    def enough(self, had: tuple[Media, ...], new: tuple[Media, ...]) -> tuple[Media, ...]:
        """As many as a report holds: photos up to `most`, else the first film or voice note."""
        every = tuple({media.id: media for media in (*had, *new)}.values())
        photos = tuple(media for media in every if media.kind in ("photo", "document"))
        return photos[: self.most] if photos else every[:1]

    def default(self) -> Any:
        return ()


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
            return Found(pocket.contact, replace(pocket, contact=None))
        return None
