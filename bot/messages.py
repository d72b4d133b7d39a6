"""The nouns that every room shares: what came in, what goes out, where and what it shows.

Imports nothing of ours. Everything here is immutable and turns into JSON by itself (msgspec), because
everything here is written to the database between two messages.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

MediaKind = Literal["photo", "video", "voice", "document"]
InboundKind = Literal[
    "message",
    "edited",
    "blocked",
    "unblocked",
    "opted_out",
    "opted_in",
    "lost",
    "migrated",
    "left",
    "notice",
    "result",
    "timer",
]
PlaceSource = Literal["pin", "venue", "live", "coordinates", "link", "pluscode", "words", "photo", "device"]


class Place(Struct, frozen=True, omit_defaults=True):
    """Where the problem is, as far as the citizen told us.

    `lat` and `lon` are WGS84 degrees, both None when only words are known; `accuracy` is the radius in metres
    that the phone itself claims; `words` are kept as said (a venue's title, an address, "frente a la plaza").
    """

    lat: float | None = None
    lon: float | None = None
    accuracy: float | None = None
    words: str = ""
    source: PlaceSource = "words"

    @property
    def located(self) -> bool:
        """True when there are coordinates, not only words."""
        return self.lat is not None and self.lon is not None


class Attachment(Struct, frozen=True, omit_defaults=True):
    """A file that a provider offers and nobody has fetched yet.

    `ref` is what the channel's own `fetch` understands (Telegram file_id, Twilio media URL, an upload's name);
    `size` is in bytes, `seconds` the play time, both as claimed; `mime` is claimed too and never believed.
    """

    kind: MediaKind
    ref: str
    mime: str = ""
    size: int | None = None
    seconds: int | None = None


class Media(Struct, frozen=True, omit_defaults=True):
    """A file of ours: the row that follows an attachment from "asked for" to "kept" or "refused".

    `id` names the row in `media`; `reason` says why it was refused (a message key: "media-too-large", ...);
    `place` is the position found in the picture's EXIF before that was removed.
    """

    id: str
    kind: MediaKind
    status: Literal["pending", "kept", "refused"] = "pending"
    reason: str = ""
    place: Place | None = None


class Contact(Struct, frozen=True, omit_defaults=True):
    """A shared phone number; `own` only when the provider proves that it is the sender's."""

    phone: str
    own: bool = False


class Inbound(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that reached us, whatever the channel.

    `account` is the channel account ("telegram:123", "browser:main"); `key` is unique per account and makes a
    redelivery harmless; `address` is the chat's id on the channel, `sender` who wrote in it (the same in a
    private chat); `at` is the provider's time in Unix seconds. `text` is what was typed or the caption
    (`captioned`), `tapped` the payload of a button, `reply_to` the provider's id of the message answered,
    `message` its own provider id, `group` the album it belongs to, `network` a day's mark of where it came from, which
    is stored with no message.

    Kinds: `message`; `edited`; `blocked`/`unblocked` (the person shut the door or opened it again); `opted_out`/
    `opted_in` (the provider took a STOP or START by itself, and answered it); `lost` (a message of which the provider
    kept too little: `name` says what is missing, "place" or "button"); `migrated` (the chat has a new id, in `text`);
    `left` (the bot was put out of a group); and the three that we send ourselves: `notice` (something the person
    should hear about: `name` and `data`), `result` (the answer of a service to a look-up: `name`, `data`) and `timer`
    (`name`).
    """

    account: str
    key: str
    address: str
    kind: InboundKind = "message"
    sender: str = ""
    at: float = 0.0
    text: str = ""
    captioned: bool = False
    tapped: str = ""
    place: Place | None = None
    attachments: tuple[Attachment, ...] = ()
    contact: Contact | None = None
    reply_to: str = ""
    message: str = ""
    group: str = ""
    language: str = ""
    name: str = ""
    data: dict[str, object] = {}
    network: str = ""


class Option(Struct, frozen=True, omit_defaults=True):
    """One thing to choose: `tap` is what comes back as `Inbound.tapped` (64 bytes at most), `label` what is read.

    "@location" and "@contact" are no answers but the channel's own button for sharing; one without leaves them out.
    "@more" asks for the next page of a list.
    """

    tap: str
    label: str
    icon: str = ""

    @property
    def shown(self) -> str:
        """Icon and label, as a button shows them."""
        return f"{self.icon} {self.label}" if self.icon else self.label


class Link(Struct, frozen=True):
    """A page to open: shown as a button where the channel has them, else written out."""

    label: str
    url: str


# In place of an effect key: a message that may be changed later, see `storage.cards`.
CARD = "new"


class Outbound(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing to say, channel-neutral: the channel decides what becomes a button, a list or a number to type.

    `wants` hints at what the next answer is, so that a channel can offer its own way (location button, camera);
    `media` are ids of `media` rows; `place` is shown as a pin; `columns` how many options sit well in one row;
    `numbered` is False where the options are only shortcuts, which a channel without buttons may leave out; `first` is
    the number of the first option, more than one on a later page of a long list, whose last one is "@more".
    `ticket` is the code it speaks of, so that a reply to it finds the ticket. `reply_to` is the provider's id of
    the message answered. `silent` rings no bell. `bulk` goes to many at once: behind what is said to one, and beside
    the talk. `card` is the effect key of the message of ours that this one takes the place of, where the channel can;
    CARD makes it one whose place may be taken. `edits` is the provider's id of that message, found when it is sent.
    `on_demand`: its files and its place are asked for by its buttons, and not shown with it.
    `important` must reach her, by SMS if its own channel fails; `template` names what may carry it where free
    words are not allowed any more ("update": see templates.toml), `about` holds what that says: "text", "body" and
    "city". `language` is the reader's, for what the channel itself adds.
    """

    text: str
    options: tuple[Option, ...] = ()
    columns: int = 1
    numbered: bool = True
    first: int = 1
    wants: Literal["", "place", "photos", "words", "contact"] = ""
    media: tuple[str, ...] = ()
    place: Place | None = None
    link: Link | None = None
    ticket: str = ""
    reply_to: str = ""
    silent: bool = False
    bulk: bool = False
    card: str = ""
    edits: str = ""
    on_demand: bool = False
    important: bool = False
    template: str = ""
    about: dict[str, str] = {}
    language: str = ""


class Boundary(Struct, frozen=True):
    """An area as its file tells it and the database keeps it; `outline` is WKB in (lon, lat) degrees of WGS84.

    `about` is what its file says besides, as JSON; `digest` differs when anything else does.
    """

    id: str
    country: str
    level: str
    parent: str
    name: str
    about: str
    digest: str
    outline: bytes
