"""Transcripts: talks written down as they go, played through the real machine on every channel.

A transcript is a header (`key: value` lines), an empty line, and a story of steps. Under each step stands what the bot
says, in blocks that the player writes and compares:

    title: A hole in the street, step by step
    language: es
    proves: six messages from "hola" to the ticket

    ana> hola
    bot to ana>
        ¡Hola! ...
        1 [🚧 Calles]  2 [🧱 Veredas]

Header keys: `title`, `proves`, `language` (what the phones speak), `people` ("bea speaks pt"), `officials` ("luis works
for comuna-14 as manager", "bea (Bea Ruiz) works for comuna-14", "luis is invited to comuna-14 with BCDF-2345-GHJK"),
`groups` ("crew with luis, bea"), `topics` ("plazas of crew": a room of its own), `channels` (where something is done
that the others have no way to do), `geocoder` (who is asked for addresses: "photon", or "photon is away"), `clock`
("goes": deadlines, reminders and digests come when they are due), `shows` ("cards": how tickets' cards change, and what
is said in passing, where a channel has that), `limits` ("6 messages a minute, 2 reports an hour"), `pause` (seconds
between two messages, 15 without it). Steps are listed in `tests.deeds`; "luis in crew" does them in a group.
In what somebody says, \\n and \\u202e stand for themselves and ("bla " 500 times) for so many words. A line that
begins with # is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from aiohttp import web
from msgspec import Struct
from sqlalchemy import select

from bot.messages import Outbound
from bot.offering import MORE
from bot.scene import Limits
from storage.schema import media
from tests.deeds import read_deed
from tests.fakes.geocoders import ANSWERS, serving
from tests.phones import PHONES, Deed, Phones
from tests.phones.base import brief
from tests.shown import describe
from tests.stage import Stage

FOLDER = Path(__file__).parent / "conversations"
RENDERINGS = FOLDER / "renderings"
INDENT = "    "
# People take their time between two messages; an album is complete and a picture fetched long before.
PAUSE = 15.0
UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}

_LATER = re.compile(r"-- (\d+) (second|minute|hour|day)s? later --")
_SENT = re.compile(r"-- (\w+) has sent (\d+) messages --")
_NOT_KEPT = re.compile(r'-- nowhere kept: "(.*)" --')
_WORKS = re.compile(r"(\w+)(?: \((.+)\))? works for ([\w-]+(?:, [\w-]+)*)(?: as (agent|dispatcher|manager))?")
_INVITED = re.compile(r"(\w+) is invited to ([\w-]+(?:, [\w-]+)*)(?: as (\w+))? with ([\w-]+)")


class Entry(Struct, frozen=True):
    """One step of the story as written, with the remarks above it."""

    step: str
    remarks: tuple[str, ...] = ()


class Transcript(Struct, frozen=True):
    """A transcript without what the bot says."""

    name: str
    header: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    ending: tuple[str, ...] = ()

    def value(self, key: str) -> str:
        """The header's value of a key, "" without one."""
        return next((value for each, value in self.header if each == key), "")

    def values(self, key: str) -> list[str]:
        """Every value of a key."""
        return [value for each, value in self.header if each == key]

    @property
    def channels(self) -> tuple[str, ...]:
        """Where it is played; the first one writes it."""
        named = self.value("channels")
        return tuple(re.split(r",\s*", named)) if named else tuple(PHONES)


class Played(Struct, frozen=True):
    """A transcript with what the bot said, and what one channel showed of it; `paged` where a list was too long."""

    text: str
    rendering: str
    paged: bool = False


def read_transcript(path: Path) -> Transcript:
    """The header and steps of a file; raises ValueError for a line that is neither."""
    head, _, story = path.read_text("utf-8").partition("\n\n")
    header = tuple(_header_line(line) for line in head.splitlines())
    entries: list[Entry] = []
    remarks: list[str] = []
    for line in _without_answers(story.splitlines()):
        if line.startswith("#"):
            remarks.append(line)
        else:
            entries.append(Entry(line, tuple(remarks)))
            remarks.clear()
    return Transcript(path.stem, header, tuple(entries), tuple(remarks))


def read_limits(text: str) -> Limits:
    """The limits in a header's words; what it does not name is unlimited."""
    said = {what: int(most) for most, what in re.findall(r"(\d+) (messages|reports) an? ", text)}
    return Limits(per_hour=said.get("reports", 0), messages=said.get("messages", 0))


def _header_line(line: str) -> tuple[str, str]:
    key, colon, value = line.partition(": ")
    if not colon:
        raise ValueError(f"no header line: {line!r}")
    return key, value


def _without_answers(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() and not line.startswith((INDENT, "bot to ", "card of ", "in passing to ")):
            yield line


async def play(transcript: Transcript, channel: str, url: str, folder: Path) -> Played:
    """Play it on one channel over the empty database at `url`; `folder` is for files."""
    player = Player(transcript, PHONES[channel](folder), url)
    await player.open()
    try:
        return await player.play()
    finally:
        await player.close()


class Player:
    """One playing of a transcript."""

    def __init__(self, transcript: Transcript, phones: Phones, url: str) -> None:
        self.transcript = transcript
        self.phones = phones
        self._url = url
        self._outside = AsyncExitStack()
        self._sent: dict[str, int] = {}
        self._blocks: list[str] = []
        self._shown: list[str] = []
        self._paged = False

    async def open(self) -> None:
        """Switch everything on."""
        await self.phones.open()
        goes = self.transcript.value("clock") == "goes"
        self.stage = Stage(self._url, self.phones.make_channel, self._watch, await self._geocoder(), clockwork=goes)
        self.stage.limits = read_limits(self.transcript.value("limits"))
        self.stage.start()

    async def close(self) -> None:
        """Switch everything off."""
        await self.stage.stop()
        await self.phones.close()
        await self._outside.aclose()

    async def _geocoder(self) -> tuple[str, str] | None:
        """The geocoder of the header: its name, and where it is reached."""
        name, _, state = self.transcript.value("geocoder").partition(" is ")
        if not name:
            return None
        fake = await self._outside.enter_async_context(serving(ANSWERS[name]))
        if state == "away":
            fake.trouble = web.Response(status=503)
        return name, fake.url

    async def play(self) -> Played:
        """Take every step; what the bot says stands under it."""
        await self._cast()
        text = ["".join(f"{key}: {value}\n" for key, value in self.transcript.header)]
        rendering = []
        for entry in self.transcript.entries:
            self._blocks, self._shown = [], []
            await self._take(entry.step)
            text.append("".join(f"{line}\n" for line in (*entry.remarks, entry.step, *self._blocks)))
            rendering.append("".join(f"{line}\n" for line in (entry.step, *self._shown)))
        ending = "".join(f"{line}\n" for line in self.transcript.ending)
        rendering += [f"{summary}\n"] if (summary := self.phones.summary()) else []
        return Played("\n".join([*text, *([ending] if ending else [])]), "\n".join(rendering), self._paged)

    async def _cast(self) -> None:
        """Hand out the phones, and make officials of those who are."""
        spoken = dict(each.split(" speaks ") for each in self.transcript.values("people"))
        invited = [_read_office(line) for line in self.transcript.values("officials")]
        deeds = [deed for entry in self.transcript.entries if (deed := read_deed(entry.step))]
        for name in dict.fromkeys([*(who for who, _ in deeds), *(name for name, *_ in invited)]):
            self.phones.add(name, spoken.get(name, self.transcript.value("language")))
        for line in self.transcript.values("groups"):
            name, _, members = line.partition(" with ")
            self.phones.add_group(name, members.split(", "))
        for line in self.transcript.values("topics"):
            name, _, group = line.partition(" of ")
            self.phones.add_topic(name, group)
        for number, (name, bodies, code, role, called) in enumerate(invited):
            await self.stage.invite(bodies, code or f"WXYZ-2345-{number:04d}", role, called)
            if not code:
                await self.phones.do(self.stage, name, Deed("says", f"/start invite-WXYZ-2345-{number:04d}"))
                await self.stage.settle()
        await self.stage.confirm()

    async def _take(self, step: str) -> None:
        if deed := read_deed(step):
            await self._do(*deed)
        elif later := _LATER.fullmatch(step):
            await self.stage.wait(int(later[1]) * UNITS[later[2]])
        elif step == "-- restart --":
            await self.stage.restart()
        elif step == "-- redelivered --":
            await self.phones.redeliver(self.stage)
            await self.stage.wait(PAUSE)
        else:
            await self._check(step)

    async def _do(self, who: str, deed: Deed) -> None:
        self._sent[who] = self._sent.get(who, 0) + 1
        await self.phones.do(self.stage, who, deed)
        for address, out in self.stage.passing:
            self._pass(address, out)
        self.stage.passing.clear()
        await self.stage.wait(float(self.transcript.value("pause") or PAUSE))

    async def _check(self, step: str) -> None:
        if count := _SENT.fullmatch(step):
            assert self._sent.get(count[1], 0) == int(count[2]), f"{step}, not {self._sent.get(count[1], 0)}"
        elif words := _NOT_KEPT.fullmatch(step):
            assert not await self.stage.keeps(words[1]), step
        else:
            raise ValueError(f"{self.transcript.name}: no step: {step!r}")

    async def _watch(self, address: str, out: Outbound) -> None:
        if out.card:
            # Only some channels change what was said.
            name = self.phones.changes(address, out)
            if self._shows_cards:
                self._blocks += [f"card of {name}>", *_indented(describe(_in_words(out), []))]
            return
        name, shown = await self.phones.shows(self.stage, address, out)
        out = _in_words(out) if out.on_demand and self._shows_cards else out
        self._paged = self._paged or any(option.tap == MORE for option in out.options)
        self._blocks += [f"bot to {name}>", *_indented(describe(out, await self._files(out)))]
        self._shown += [f"  {name} sees {shown[0]}", *(f"    {line}" for line in shown[1:])]

    def _pass(self, address: str, out: Outbound) -> None:
        """What is said in passing to a tap is a message where nothing passes."""
        name = self.phones.changes(address, out)
        said = f"in passing to {name}>" if self._shows_cards else f"bot to {name}>"
        told = msgspec.structs.replace(out, options=()) if self._shows_cards else out
        self._blocks += [said, *_indented(describe(told, []))]
        self._shown += [f"  {name} sees in passing {brief(out.text)}"]

    @property
    def _shows_cards(self) -> bool:
        return self.transcript.value("shows") == "cards"

    async def _files(self, out: Outbound) -> list[str]:
        if not out.media:
            return []
        rows = await self.stage.rows(select(media.c.id, media.c.kind).where(media.c.id.in_(out.media)))
        kinds = {row.id: row.kind for row in rows}
        return [kinds[each] for each in out.media]


def _in_words(out: Outbound) -> Outbound:
    """A card, without what comes when its buttons ask for it."""
    return msgspec.structs.replace(out, media=(), place=None)


def _read_office(line: str) -> tuple[str, list[str], str, str, str]:
    """(who, which bodies, the invitation's code or "" for one that is used already, in which role, with which name)."""
    if works := _WORKS.fullmatch(line):
        return works[1], works[3].split(", "), "", works[4] or "agent", works[2] or ""
    if invited := _INVITED.fullmatch(line):
        return invited[1], invited[2].split(", "), invited[4], invited[3] or "agent", ""
    raise ValueError(f"officials: {line!r}")


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"{INDENT}{line}" if line else "" for line in lines]
