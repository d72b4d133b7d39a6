"""What Telegram sends, as far as it means something here.

Only the fields that we use are described, so that reading an update costs a few microseconds and a new field of the
Bot API is no event. Names are the Bot API's own (https://core.telegram.org/bots/api#update).
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Struct, field


class Unparsable(Exception):
    """An update that does not read; `key` is what it is remembered by, so that it blocks nobody's chat."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


class User(Struct, frozen=True):
    """Who wrote."""

    id: int
    is_bot: bool = False
    language_code: str = ""


class Chat(Struct, frozen=True):
    """Where it was written: private, group, supergroup or channel."""

    id: int
    type: str = "private"


class Size(Struct, frozen=True):
    """One of the sizes in which a photo is offered."""

    file_id: str
    width: int = 0
    height: int = 0
    file_size: int | None = None


class SentFile(Struct, frozen=True):
    """A video, voice message, audio, animation or document."""

    file_id: str
    mime_type: str = ""
    file_size: int | None = None
    duration: int | None = None


class Location(Struct, frozen=True):
    """A point; `live_period` only while it is a live location."""

    latitude: float
    longitude: float
    horizontal_accuracy: float | None = None
    live_period: int | None = None


class Venue(Struct, frozen=True):
    """A named point."""

    location: Location
    title: str = ""
    address: str = ""


class SharedContact(Struct, frozen=True):
    """A phone number out of somebody's address book."""

    phone_number: str
    user_id: int | None = None


class Original(Struct, frozen=True):
    """The message that is answered, or that carries the tapped button."""

    message_id: int
    chat: Chat | None = None
    message_thread_id: int | None = None
    is_topic_message: bool = False
    from_: User | None = field(default=None, name="from")


class Something(Struct, frozen=True):
    """What only has to be there."""


class Message(Struct, frozen=True):
    """A message as far as we read it; the thread is a topic only where it says so."""

    message_id: int
    chat: Chat
    message_thread_id: int | None = None
    is_topic_message: bool = False
    date: int = 0
    edit_date: int | None = None
    from_: User | None = field(default=None, name="from")
    sender_chat: Chat | None = None
    forward_origin: Something | None = None
    reply_to_message: Original | None = None
    media_group_id: str = ""
    text: str = ""
    caption: str = ""
    photo: list[Size] = []
    video: SentFile | None = None
    video_note: SentFile | None = None
    voice: SentFile | None = None
    audio: SentFile | None = None
    animation: SentFile | None = None
    document: SentFile | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: SharedContact | None = None
    migrate_to_chat_id: int | None = None
    migrate_from_chat_id: int | None = None
    sticker: Something | None = None
    dice: Something | None = None
    poll: Something | None = None
    story: Something | None = None
    game: Something | None = None
    paid_media: Something | None = None
    checklist: Something | None = None
    rich_message: Something | None = None


class CallbackQuery(Struct, frozen=True):
    """A tapped button."""

    id: str
    from_: User = field(name="from")
    message: Original | None = None
    data: str = ""


class Member(Struct, frozen=True):
    """What the bot is in a chat now."""

    status: str = ""


class MemberUpdated(Struct, frozen=True):
    """Somebody blocked the bot, let it in again, or put it into a group or out of it."""

    chat: Chat
    from_: User = field(name="from")
    new_chat_member: Member
    date: int = 0


class Update(Struct, frozen=True):
    """One update; at most one of the fields beside `update_id` is set."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberUpdated | None = None

    @property
    def key(self) -> str:
        """What a redelivery is recognised by."""
        return f"u:{self.update_id}"


class _Numbered(Struct):
    update_id: int


_read = msgspec.json.Decoder(Update).decode
_read_number = msgspec.json.Decoder(_Numbered).decode


def read(update: bytes | dict[str, Any]) -> Update:
    """The update with the fields we know; raises Unparsable with the key to bury it under."""
    raw = update if isinstance(update, bytes) else msgspec.json.encode(update)
    try:
        return _read(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unparsable(_key_of(raw), str(error)[:200]) from None


def number_of(raw: bytes) -> int:
    """The update's number even when the rest does not read; -1 when it has none."""
    try:
        return _read_number(raw).update_id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return -1


def _key_of(raw: bytes) -> str:
    number = number_of(raw)
    return f"u:{number}" if number >= 0 else f"x:{hashlib.sha256(raw).hexdigest()[:32]}"
