"""What a Telegram update says, in our nouns."""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct

from bot.channels.telegram_update import (
    CallbackQuery,
    Chat,
    MemberUpdated,
    Message,
    Original,
    SentFile,
    Update,
    User,
    read,
)
from bot.messages import Attachment, Contact, Inbound, MediaKind, Place

# What a person can send and nobody here can read: answered like an empty message, where service messages are not.
UNREADABLE = ("sticker", "dice", "poll", "story", "game", "paid_media", "checklist", "rich_message")

_COMMAND_TO = re.compile(r"(/\w+)@(\w+)")
_COMMAND = re.compile(r"/\w")


class Identity(Struct, frozen=True):
    """Which bot is addressed: its account here, its numeric id, its username ("" while Telegram has not told it)."""

    account: str
    id: int
    username: str = ""


def parse(update: bytes | dict[str, Any], account: str, bot_username: str, bot_id: int) -> Inbound | None:
    """The update as an Inbound, None when it is not for us; raises Unparsable."""
    return inbound(read(update), Identity(account, bot_id, bot_username))


def inbound(update: Update, me: Identity) -> Inbound | None:
    """What the update says to us; None for other bots' commands, group chatter and service messages."""
    if update.message is not None:
        return _message(update.key, update.message, "message", me)
    if update.callback_query is not None:
        return _tap(update.key, update.callback_query, me)
    if update.edited_message is not None:
        return _message(update.key, update.edited_message, "edited", me)
    if update.my_chat_member is not None:
        return _membership(update.key, update.my_chat_member, me)
    return None


def _message(key: str, message: Message, kind: Literal["message", "edited"], me: Identity) -> Inbound | None:
    chat, sender = message.chat, message.from_
    if message.migrate_to_chat_id or message.migrate_from_chat_id:
        return _migration(key, message, me)
    # A channel's automatic forward comes from a "Telegram" user that is no bot: `sender_chat` gives it away.
    if sender is None or sender.is_bot or message.sender_chat is not None:
        return None
    text = _own_words(message.text or message.caption, chat, me)
    reply_to = _answered(message, me)
    if text is None or not (chat.type == "private" or reply_to or _COMMAND.match(text)):
        return None
    place, attachments, contact = _place(message, kind), _attachments(message), _contact(message, sender)
    if not (text or place or attachments or contact or _unreadable(message)):
        return None
    return Inbound(
        account=me.account,
        key=key,
        address=_address(chat, sender, message),
        kind=kind,
        sender=str(sender.id),
        at=float(message.edit_date or message.date),
        text=text,
        captioned=bool(message.caption and not message.text),
        place=place,
        attachments=attachments,
        contact=contact,
        reply_to=reply_to,
        message=str(message.message_id),
        group=message.media_group_id,
        language=sender.language_code,
    )


def _unreadable(message: Message) -> bool:
    """A sticker and the like, which in a group is nobody's question."""
    return message.chat.type == "private" and any(getattr(message, name) is not None for name in UNREADABLE)


def _address(chat: Chat, sender: User, message: Message | Original) -> str:
    """The chat, in a group with the member behind it, and in a supergroup with topics with the topic between."""
    if chat.type == "private":
        return str(chat.id)
    topic = f":{message.message_thread_id}" if message.is_topic_message and message.message_thread_id else ""
    return f"{chat.id}{topic}/{sender.id}"


def _own_words(text: str, chat: Chat, me: Identity) -> str | None:
    """The words without "@us" behind a command; None when another bot of the group is meant."""
    # PostgreSQL keeps no NUL in a text.
    text = text.replace("\x00", "")
    if not (command := _COMMAND_TO.match(text)):
        return text
    if chat.type == "private" or command[2].lower() == me.username.lower() or not me.username:
        return command[1] + text[command.end() :]
    return None


def _answered(message: Message, me: Identity) -> str:
    original = message.reply_to_message
    if original is None or original.from_ is None or original.from_.id != me.id:
        return ""
    # What is written into a topic answers the message that opened it, and that may have been ours.
    if message.is_topic_message and original.message_id == message.message_thread_id:
        return ""
    return str(original.message_id)


def _place(message: Message, kind: str) -> Place | None:
    venue, point = message.venue, message.location
    if venue is not None:
        words = ", ".join(part for part in (venue.title.strip(), venue.address.strip()) if part)
        return Place(lat=venue.location.latitude, lon=venue.location.longitude, words=words, source="venue")
    if point is None:
        return None
    # Only a live location can be edited; its last edit carries no live_period any more.
    live = point.live_period is not None or kind == "edited"
    return Place(
        lat=point.latitude, lon=point.longitude, accuracy=point.horizontal_accuracy, source="live" if live else "pin"
    )


def _attachments(message: Message) -> tuple[Attachment, ...]:
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return (Attachment(kind="photo", ref=largest.file_id, mime="image/jpeg", size=largest.file_size),)
    # An animation comes with a document of the same file beside it: the first that is there counts.
    kinds: tuple[tuple[MediaKind, SentFile | None], ...] = (
        ("video", message.video or message.video_note or message.animation),
        ("voice", message.voice or message.audio),
        ("document", message.document),
    )
    for kind, sent in kinds:
        if sent is not None:
            kind = _kind_of_document(sent) if kind == "document" else kind
            return (Attachment(kind, sent.file_id, mime=sent.mime_type, size=sent.file_size, seconds=sent.duration),)
    return ()


def _kind_of_document(sent: SentFile) -> MediaKind:
    """A photo or video sent "as a file" keeps its quality and position, and is a photo or video all the same."""
    family, _, name = sent.mime_type.partition("/")
    if family == "image" and name != "svg+xml":
        return "photo"
    return "video" if family == "video" else "document"


def _contact(message: Message, sender: User) -> Contact | None:
    shared = message.contact
    if shared is None:
        return None
    digits = "".join(char for char in shared.phone_number if char in "0123456789")
    own = shared.user_id == sender.id and message.forward_origin is None
    return Contact(phone=f"+{digits}", own=own)


def _migration(key: str, message: Message, me: Identity) -> Inbound:
    """Telegram says it twice, in the old group and in the new one; both read the same."""
    old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
    return Inbound(
        account=me.account, key=key, kind="migrated", address=str(old), text=str(new), at=float(message.date)
    )


def _tap(key: str, tap: CallbackQuery, me: Identity) -> Inbound | None:
    if tap.message is None or tap.message.chat is None or not tap.data:
        return None
    return Inbound(
        account=me.account,
        key=key,
        address=_address(tap.message.chat, tap.from_, tap.message),
        sender=str(tap.from_.id),
        tapped=tap.data,
        reply_to=str(tap.message.message_id),
        language=tap.from_.language_code,
    )


def _membership(key: str, change: MemberUpdated, me: Identity) -> Inbound | None:
    gone = change.new_chat_member.status in ("kicked", "left")
    kind: Literal["blocked", "unblocked", "left"]
    if change.chat.type == "private":
        kind = "blocked" if gone else "unblocked"
    elif gone and change.chat.type != "channel":
        kind = "left"
    else:
        return None
    return Inbound(
        account=me.account,
        key=key,
        kind=kind,
        address=str(change.chat.id),
        sender=str(change.from_.id),
        at=float(change.date),
        language=change.from_.language_code,
    )
