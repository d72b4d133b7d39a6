"""People and groups on the fake Telegram: what they do, and what they see of the bot."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.screen import Screen

if TYPE_CHECKING:
    from tests.fakes.telegram import FakeTelegram

Card = dict[str, Any]


@dataclass(frozen=True)
class Button:
    """A button as shown: it gives `data` back, opens `url`, `asks` for "location" or "contact", or types its label."""

    label: str
    data: str = ""
    url: str = ""
    asks: str = ""


@dataclass
class Shown:
    """A message of the bot's, as a phone shows it.

    `text` is the message or the caption; `keyboard` is "inline", "reply", "remove" or ""; `file` are the bytes of its
    photo, video, voice message or document, `kind` says which it is ("text", "photo", "venue", ...); the messages of an
    album share `album`; `topic` is the thread it stands in (0: none). `raw` is what the Bot API answered.
    """

    id: int
    chat: FakeChat
    kind: str
    text: str = ""
    rows: list[list[Button]] = field(default_factory=list)
    keyboard: str = ""
    file: bytes = b""
    place: tuple[float, float] | None = None
    venue: str = ""
    reply_to: int = 0
    silent: bool = False
    album: str = ""
    topic: int = 0
    raw: Card = field(default_factory=dict)

    @property
    def buttons(self) -> list[str]:
        """The labels, row by row."""
        return [button.label for row in self.rows for button in row]

    def button(self, label: str) -> Button | None:
        """The button with this label, or whose label ends so (an icon may stand before it)."""
        buttons = [button for row in self.rows for button in row]
        return next((each for each in buttons if each.label == label or each.label.endswith(f" {label}")), None)


class FakeChat(Screen[Shown], ABC):
    """A chat: `chat` is what the bot has sent there; `keyboard` is what stands below it in place of letters."""

    def __init__(self, fake: FakeTelegram, number: int) -> None:
        super().__init__(str(number))
        self.fake = fake
        self.id = number
        self.keyboard: Shown | None = None
        self.history: dict[int, Card] = {}

    @property
    @abstractmethod
    def card(self) -> Card:
        """The chat as the Bot API describes it."""

    def new_id(self) -> int:
        """The next message id: counted per chat, over everybody's messages."""
        return len(self.history) + 1

    def keep(self, message: Card) -> Card:
        """Write a message into the chat."""
        self.history[message["message_id"]] = message
        return message

    def show(self, shown: Shown) -> None:
        """A message of the bot's arrives."""
        super().show(shown)
        if shown.keyboard == "reply":
            self.keyboard = shown
        elif shown.keyboard == "remove":
            self.keyboard = None


class FakeUser(FakeChat):
    """A person with a phone; also her private chat with the bot. Every deed returns the id of the message it makes.

    `to=group` does it in a group instead. `started` is whether she has written before: a bot cannot write first.
    """

    def __init__(self, fake: FakeTelegram, number: int, language_code: str, first_name: str, started: bool) -> None:
        super().__init__(fake, number)
        self.language_code = language_code
        self.first_name = first_name
        self.phone = f"54911{number:08d}"
        self.started = started
        self.blocked = False

    @property
    def person(self) -> Card:
        """The person as the Bot API describes her."""
        card = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        return card | ({"language_code": self.language_code} if self.language_code else {})

    @property
    def card(self) -> Card:
        """Her private chat as the Bot API describes it."""
        return {"id": self.id, "type": "private", "first_name": self.first_name}

    def says(
        self, text: str, *, to: FakeGroup | None = None, reply_to: int = 0, forwarded: bool = False, topic: int = 0
    ) -> int:
        """Write a text; `reply_to` a message id of that chat, `topic` a thread that the group has."""
        more: Card = {"message_thread_id": topic, "is_topic_message": True} if topic else {}
        # In a topic everything answers the message that opened it, unless it answers another one.
        reply_to = reply_to or topic
        if text.startswith("/"):
            more["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        if forwarded:
            origin = {"type": "hidden_user", "sender_user_name": "Alguien", "date": int(time.time())}
            more["forward_origin"] = origin
        return self._send({"text": text, **more}, to, reply_to)

    def starts(self, payload: str = "") -> int:
        """Follow a deep link and press START."""
        return self.says(f"/start {payload}".strip())

    def replies(self, message: Shown, text: str) -> int:
        """Answer one message of the bot's, where it stands."""
        return self.says(text, to=self._group_of(message), reply_to=message.id, topic=message.topic)

    def edits(self, message_id: int, text: str, *, to: FakeGroup | None = None) -> None:
        """Change the words of an own message."""
        chat = to or self
        key = "caption" if "caption" in chat.history[message_id] else "text"
        changed = chat.history[message_id] | {"edit_date": int(time.time()), key: text}
        self.fake.updates.add("edited_message", chat.keep(changed), ("chat", chat.id))

    def taps(self, label: str, *, to: FakeGroup | None = None, topic: int | None = None) -> None:
        """Press the newest button with this label (in a `topic`: there); one of the keyboard below types its words."""
        chat = to or self
        for message in reversed([each for each in chat.chat if topic in (None, each.topic)]):
            button = message.button(label) if message.keyboard == "inline" else None
            if button is not None:
                assert button.data, f"{label!r} opens {button.url}: it tells the bot nothing"
                return self.fake.press(self, message, button.data)
        below = chat.keyboard.button(label) if chat.keyboard else None
        assert below is not None, f"no button {label!r}; there are {[m.buttons for m in chat.chat if m.buttons]}"
        assert not below.asks, f"{label!r} asks for the {below.asks}: use sends_location or shares_contact"
        self.says(below.label, to=to)
        return None

    def sends_photo(
        self, data: bytes, caption: str = "", *, as_file: bool = False, to: FakeGroup | None = None, reply_to: int = 0
    ) -> int:
        """Send a picture; `as_file` keeps its quality (a document for Telegram)."""
        content = self.fake.files.document(data, "image/jpeg", "foto.jpg") if as_file else self.fake.files.photo(data)
        return self._send(content | _captioned(caption), to, reply_to)

    def replies_with(self, message: Shown, file: bytes, caption: str = "", *, voice: bool = False) -> int:
        """Answer one message of the bot's with a picture or a voice message, where it stands."""
        played = self.fake.files.played("voice", file, "audio/ogg", 3) if voice else self.fake.files.photo(file)
        there: Card = {"message_thread_id": message.topic, "is_topic_message": True} if message.topic else {}
        return self._send(played | there | _captioned(caption), self._group_of(message), message.id)

    def sends_album(self, pictures: list[bytes], caption: str = "", *, to: FakeGroup | None = None) -> list[int]:
        """Send several pictures at once: as many messages, the caption on the first."""
        album = {"media_group_id": str(13_000_000_000 + self.fake.count())}
        captions = [caption, *[""] * len(pictures)]
        contents = [self.fake.files.photo(data) | album for data in pictures]
        return [self._send(each | _captioned(words), to) for each, words in zip(contents, captions, strict=False)]

    def sends_video(self, data: bytes, caption: str = "", *, seconds: int = 5) -> int:
        """Send a video."""
        return self._send(self.fake.files.played("video", data, "video/mp4", seconds) | _captioned(caption))

    def sends_voice(self, data: bytes, *, seconds: int = 3) -> int:
        """Send a voice message."""
        return self._send(self.fake.files.played("voice", data, "audio/ogg", seconds))

    def sends_document(self, data: bytes, mime: str, name: str, caption: str = "") -> int:
        """Send any file."""
        return self._send(self.fake.files.document(data, mime, name) | _captioned(caption))

    def sends_sticker(self) -> int:
        """Send a sticker."""
        size = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        return self._send({"sticker": self.fake.files.stored(b"sticker") | size})

    def sends_location(
        self, lat: float, lon: float, *, accuracy: float | None = None, live: bool = False, to: FakeGroup | None = None
    ) -> int:
        """Send a point, or begin to share the position live; a keyboard that asked for it goes away."""
        point = _point(lat, lon) | ({"horizontal_accuracy": accuracy} if accuracy is not None else {})
        return self._send({"location": point | ({"live_period": 900} if live else {})}, to)

    def moves(self, message_id: int, lat: float, lon: float, *, stops: bool = False) -> None:
        """Walk on while the position is shared live."""
        point = _point(lat, lon) | ({} if stops else {"live_period": 900})
        changed = self.history[message_id] | {"edit_date": int(time.time()), "location": point}
        self.fake.updates.add("edited_message", self.keep(changed), ("chat", self.id))

    def sends_venue(self, lat: float, lon: float, title: str, address: str) -> int:
        """Send a place with a name."""
        point = _point(lat, lon)
        return self._send({"location": point, "venue": {"location": point, "title": title, "address": address}})

    def shares_contact(self, phone: str = "", *, user_id: int | None = None) -> int:
        """Share a phone number: her own, or that of `user_id` (0: of nobody on Telegram)."""
        user_id = self.id if user_id is None else user_id
        contact = {"phone_number": phone or self.phone, "first_name": self.first_name}
        return self._send({"contact": contact | ({"user_id": user_id} if user_id else {})})

    def blocks(self) -> None:
        """Block the bot: it hears of it once, and every message to her is refused."""
        self.blocked = True
        self.fake.membership(self, self, "member", "kicked")

    def unblocks(self) -> None:
        """Let the bot in again."""
        self.blocked = False
        self.fake.membership(self, self, "kicked", "member")

    def _group_of(self, message: Shown) -> FakeGroup | None:
        return message.chat if isinstance(message.chat, FakeGroup) else None

    def _send(self, content: Card, to: FakeGroup | None = None, reply_to: int = 0) -> int:
        chat: FakeChat = to or self
        assert not (to is None and self.blocked), f"{self.first_name} has blocked the bot and cannot write to it"
        self.started = True if to is None else self.started
        number = chat.new_id()
        message: Card = {
            "message_id": number,
            "from": self.person,
            "chat": chat.card,
            "date": int(time.time()),
            **content,
        }
        if reply_to:
            answered = {key: value for key, value in chat.history[reply_to].items() if key != "reply_to_message"}
            message["reply_to_message"] = answered
        chat.keep(message)
        if to is None or to.hears(message):
            self.fake.updates.add("message", message, ("chat", chat.id))
        return number


class FakeGroup(FakeChat):
    """A group. With `privacy` (Telegram's default) the bot is told only commands and answers to itself."""

    def __init__(self, fake: FakeTelegram, number: int, title: str) -> None:
        super().__init__(fake, number)
        self.title = title
        self.privacy = True
        self.bot_inside = False
        self.moved_to = 0
        self.topics: dict[int, str] = {}

    @property
    def card(self) -> Card:
        """The group as the Bot API describes it."""
        kind = "supergroup" if self.id <= -1_000_000_000_000 else "group"
        return {"id": self.id, "type": kind, "title": self.title} | ({"is_forum": True} if self.topics else {})

    def opens_topic(self, title: str, by: Card) -> int:
        """Open a topic; its number is the id of the message that says so."""
        number = self.new_id()
        self.topics[number] = title
        opened = {"message_id": number, "from": by, "chat": self.card, "date": int(time.time())}
        topic = {"message_thread_id": number, "is_topic_message": True}
        self.keep(opened | topic | {"forum_topic_created": {"name": title, "icon_color": 7322096}})
        return number

    def hears(self, message: Card) -> bool:
        """True when the bot is told of this message."""
        if not self.bot_inside:
            return False
        words = message.get("text") or message.get("caption") or ""
        to_us = message.get("reply_to_message", {}).get("from", {}).get("id") == self.fake.bot_id
        return not self.privacy or words.startswith("/") or to_us

    def adds_bot(self, by: FakeUser) -> None:
        """Take the bot in."""
        self.bot_inside = True
        self.fake.membership(self, by, "left", "member")

    def removes_bot(self, by: FakeUser) -> None:
        """Put the bot out."""
        self.bot_inside = False
        self.fake.membership(self, by, "member", "kicked")

    def migrates(self, by: FakeUser) -> FakeGroup:
        """Become a supergroup: a new id, told once in the old group and once in the new one."""
        new = self.fake.add_group(self.title, -1_000_000_000_000 + self.id)
        new.bot_inside, self.moved_to = True, new.id
        for chat, change in ((self, {"migrate_to_chat_id": new.id}), (new, {"migrate_from_chat_id": self.id})):
            told = {"message_id": chat.new_id(), "from": by.person, "chat": chat.card, "date": int(time.time())}
            self.fake.updates.add("message", chat.keep(told | change), ("chat", chat.id))
        return new


def _captioned(caption: str) -> Card:
    return {"caption": caption} if caption else {}


def _point(lat: float, lon: float) -> Card:
    return {"latitude": lat, "longitude": lon}
