"""Users of the strict fake Bot API: deeds are raw updates, messages went through real HTTP calls."""

from __future__ import annotations

import asyncio
import json

from bot.channels import Channel
from bot.channels.telegram import TelegramChannel
from bot.messages import Outbound
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_people import FakeChat, FakeGroup, FakeUser, Shown
from tests.phones.base import CannotError, Deed, Phones, brief
from tests.phones.pictures import pictures, voice_note
from tests.stage import Stage
from tests.telegram.desk import until

SECRET = "a secret that only these phones know"


class TelegramPhones(Phones):
    """Users of the fake Bot API: what they do comes as raw updates, what they see went through real HTTP calls."""

    channel_name = "telegram"

    async def open(self) -> None:
        self.fake = FakeTelegram()
        await self.fake.__aenter__()
        self._users: dict[str, FakeUser] = {}
        self._groups: dict[str, FakeGroup] = {}
        self._topics: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._shown: dict[str, list[Shown]] = {}
        self._own: dict[str, dict[str, int]] = {}
        self._channels: list[TelegramChannel] = []
        self._calls = 0
        self._offset = 0
        self._last: list[bytes] = []

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
        await self.fake.__aexit__(None, None, None)

    def make_channel(self, stage: Stage) -> Channel:
        channel = TelegramChannel(self.fake.token, stage, api_url=self.fake.url, secret_key=SECRET)
        self._channels.append(channel)
        return channel

    def add(self, name: str, language: str) -> None:
        user = self.fake.user(len(self._users) + 101, language_code=language, first_name=name.capitalize())
        self._users[name] = user
        self.names[str(user.id)] = name

    def add_group(self, name: str, members: list[str]) -> None:
        self._groups[name] = self.fake.group(name.capitalize(), *(self._users[member] for member in members))
        self.names[str(self._groups[name].id)] = name

    def add_topic(self, name: str, group: str) -> None:
        opener = next(iter(self._users.values()))
        self._groups[name] = room = self._groups[group]
        self._topics[name] = room.opens_topic(name.capitalize(), opener.person)
        self.names[f"{room.id}:{self._topics[name]}"] = name

    async def do(self, stage: Stage, name: str, deed: Deed) -> None:
        self._act(name, deed)
        updates = await self.fake.updates.poll(self._offset, 100, 0)
        assert updates or deed.room, f"Telegram tells the bot nothing of what {name} did"
        self._offset = max((update["update_id"] + 1 for update in updates or []), default=self._offset)
        self._last = [json.dumps(update).encode() for update in updates or []]
        await self._hand(stage)

    async def redeliver(self, stage: Stage) -> None:
        await self._hand(stage)

    async def _hand(self, stage: Stage) -> None:
        channel = self._channels[-1]
        await asyncio.gather(*(channel.hand(channel.open(raw), stage.intake) for raw in self._last))
        await until(lambda: set(self.fake.answered) == set(self.fake.pressed))

    def _act(self, name: str, deed: Deed) -> None:
        for acts in (self._write, self._send_file, self._send_place, self._do_to_the_bot):
            if acts(name, self._users[name], deed):
                return
        raise CannotError(f"Telegram cannot: {deed.what}")

    def _write(self, name: str, user: FakeUser, deed: Deed) -> bool:
        own, room = self._own.setdefault(name, {}), self._groups.get(deed.room)
        chat, topic = deed.room or name, self._topics.get(deed.room, 0)
        match deed.what:
            case "says":
                own[deed.text] = user.says(deed.text, to=room, topic=topic)
            case "taps":
                user.taps(deed.text, to=room, topic=topic if room else None)
            case "edits":
                user.edits(own[deed.quoted], deed.text, to=room)
            case "replies":
                user.replies(self._shown[chat][self.quoted(chat, deed.quoted)], deed.text)
            case _:
                return False
        return True

    def _send_file(self, name: str, user: FakeUser, deed: Deed) -> bool:
        match deed.what:
            case "photo" | "broken photo" | "file":
                # Telegram takes the position out of a photo; sent as a file it keeps it.
                room = self._groups.get(deed.room)
                user.sends_photo(pictures(deed)[0], deed.text, as_file=deed.point is not None, to=room)
            case "reply photo" | "reply voice":
                chat, heard = deed.room or name, deed.what == "reply voice"
                file = voice_note() if heard else pictures(deed)[0]
                user.replies_with(self._shown[chat][self.quoted(chat, deed.quoted)], file, deed.text, voice=heard)
            case "voice":
                user.sends_voice(voice_note())
            case "album":
                user.sends_album(pictures(deed), deed.text)
            case "sticker":
                user.sends_sticker()
            case _:
                return False
        return True

    def _send_place(self, name: str, user: FakeUser, deed: Deed) -> bool:
        lat, lon = deed.point or (0.0, 0.0)
        own = self._own.setdefault(name, {})
        match deed.what:
            case "pin":
                user.sends_location(lat, lon)
            case "live location":
                own[deed.what] = user.sends_location(lat, lon, live=True)
            case "moves":
                user.moves(own["live location"], lat, lon)
            case "venue":
                user.sends_venue(lat, lon, deed.quoted, deed.text)
            case _:
                return False
        return True

    def _do_to_the_bot(self, name: str, user: FakeUser, deed: Deed) -> bool:
        match deed.what:
            case "blocks":
                user.blocks()
            case "unblocks":
                user.unblocks()
            case "migrates":
                self._groups[deed.room] = moved = self._groups[deed.room].migrates(user)
                self.names[str(moved.id)] = deed.room
                self._seen[deed.room] = 0
            case _:
                return False
        return True

    def stand_for(self, name: str, out: Outbound) -> None:
        # Where nothing could be changed it came as a message of its own.
        chat: FakeChat = self._users.get(name) or self._groups[name]
        self._shown[name].append(chat.chat[-1] if len(chat.chat) > self._seen[name] else self._shown[name][-1])
        self._seen[name] = len(chat.chat)

    async def show(self, stage: Stage, name: str, out: Outbound) -> list[str]:
        chat: FakeChat = self._users.get(name) or self._groups[name]
        # A group with topics is one chat: what stands in another topic is shown there.
        since = chat.chat[self._seen.get(name, 0) :]
        new = [each for each in since if each.topic == self._topics.get(name, 0)]
        self._seen[name] = len(chat.chat)
        assert new, f"nothing arrived at {name}"
        self._shown.setdefault(name, []).append(new[-1])
        said = "\n\n".join(each.text for each in new if each.text)
        assert said.startswith(out.text), f"Telegram shows {said!r} instead of {out.text!r}"
        return [line for each in new for line in _describe_shown(each)]


def _describe_shown(shown: Shown) -> list[str]:
    rows = " / ".join(" ".join(f"[{button.label}]" for button in row) for row in shown.rows)
    asks = [button.asks for row in shown.rows for button in row if button.asks]
    links = [button.url for row in shown.rows for button in row if button.url]
    return [
        f"{shown.kind} {brief(shown.text)}" if shown.text else shown.kind,
        *([f"{shown.keyboard} keyboard: {rows}"] if rows else []),
        *(f"asks for the {each}" for each in asks),
        *(f"opens {each}" for each in links),
        *(["takes the keyboard away"] if shown.keyboard == "remove" else []),
        *([f"at {shown.place[0]}, {shown.place[1]} {shown.venue}".strip()] if shown.place else []),
        *(["answers her message"] if shown.reply_to else []),
        *(["silent"] if shown.silent else []),
    ]
