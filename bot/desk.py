"""One message at one address, inside the intake's transaction: its files are awaited, its conversation runs."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from bot.answers import Said
from bot.briefly import find_tap
from bot.door import FOLLOW_UPS, PROVIDER, Door, welcome_back
from bot.gathering import (
    ALBUM_PAUSE,
    FETCH_PATIENCE,
    HAIR,
    Gathered,
    correct_text,
    read_queue,
    settle_file,
    take_ready,
    write_queue,
)
from bot.listener import Listener
from bot.messages import Inbound, Media, Outbound
from bot.opting import carrier_word, only_returns, stops
from bot.scene import LookUp, Scene
from bot.staging import Staging, mark_important
from bot.switchboard import State, begin, correct, remind, repeat, resume
from bot.tray import Tray
from storage import chats, erasing, inbox, officials, people, phones
from storage.database import is_away, is_conflict

if TYPE_CHECKING:
    from bot.room import Room
    from storage.people import Session
    from storage.work import Work

# What changes a message that was said already.
BESIDE = frozenset({"told-card"})
# What follows from a notice or a timer names it in its own key, and so on: no key may outgrow its column.
MOST_CAUSE = 120

Key = tuple[str, str]  # (account, key) of a message


class Broken(Exception):
    """A conversation raised on the message with this key."""

    def __init__(self, key: Key, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


class Desk:
    """One message at one session, inside the transaction. `broken` are the messages on which conversations raised."""

    def __init__(self, room: Room, work: Work, session: Session, broken: Mapping[Key, str]) -> None:
        self.room = room
        self.work = work
        self.session = session
        self.broken = broken
        self.tray = Tray(work, session)
        self.staging = Staging(room, work, session, self.tray)
        self.listener = Listener(room, work, session, self.tray, self.staging)
        self.door = Door(room, work, session)

    async def handle(self, inbound: Inbound) -> None:
        """Do what follows from a message; raises Broken with the message to blame."""
        self.cause = _shorten(f"{inbound.account}:{inbound.key}")
        self.work.begin(self.cause)
        # Not always the one that came: it may set free another that waited for its files.
        self.hearing = self.handled = inbound
        try:
            if (inbound.account, inbound.key) in self.broken:
                await self._apologise(inbound)
            else:
                await _KINDS[inbound.kind](self, inbound)
        except Exception as error:
            if is_away(error) or is_conflict(error):
                raise
            raise Broken((self.hearing.account, self.hearing.key), type(error).__name__) from error

    async def _apologise(self, inbound: Inbound) -> None:
        """Leave everything as it was but for the message itself; who did not write hears nothing of our fault."""
        key = inbound.account, inbound.key
        await inbox.mark(self.work, key, "dead", self.broken[key])
        if inbound.kind in ("message", "edited"):
            self.tray.send(Outbound(text=self.staging.words().text("apology", self.staging.variant())))
        elif inbound.kind == "timer" and inbound.name == "draft":
            self.session.timer_at = None
            self.session.changed = True

    async def message(self, inbound: Inbound) -> None:
        """Somebody wrote: files are fetched first, and what comes after them waits its turn."""
        session = self.session
        session.changed = True
        first, last_in_at = session.last_in_at == 0, session.last_in_at
        await self.listener.learn_language(inbound, first=first)
        session.last_in_at = self.work.now
        if meant := carrier_word(inbound, shut=session.opted_out_by == PROVIDER):
            return await (self.opted_out if meant == "stop" else self.opted_in)(inbound)
        since = await self.door.come_back()
        self.door.open_window(inbound)
        kept_out = await self.door.keeps_out(first=first)
        if self.listener.is_refused(inbound, last_in_at, kept_out=kept_out):
            # Whoever is kept out is told whom to phone even so, and nothing else.
            return self.listener.warn_at_once(inbound)
        if not inbound.attachments and session.gathering == "[]":
            return await self._hear_or_offer(inbound, since)
        if since is not None:
            codes = await self.door.missed(since)
            self.tray.send(Outbound(text=welcome_back(self.staging.words(), self.staging.variant(), codes)))
        self.listener.warn_at_once(inbound)
        queue = read_queue(session.gathering)
        media = tuple(self.tray.fetch(each) for each in inbound.attachments)
        queue.append(Gathered(inbound, media, self.work.now))
        if inbound.attachments:
            self.tray.timer("gather", f"gather:{self.cause}:late", FETCH_PATIENCE)
        if inbound.group:
            self.tray.timer("gather", f"gather:{self.cause}", ALBUM_PAUSE)
        return await self._release(queue)

    async def lost(self, inbound: Inbound) -> None:
        """Somebody sent what its provider keeps too little of: she is asked for it again, and what is open with it."""
        self.session.changed = True
        self.session.last_in_at = self.work.now
        await self.door.come_back()
        self.door.open_window(inbound)
        if not self.session.closed:
            state, scene = self.staging.state(), self.staging.scene()
            scene.remarks.append(scene.text("lost-message"))
            await repeat(state, scene, self.room.table)
            self.staging.save(state, scene)

    async def edited(self, inbound: Inbound) -> None:
        """An edited message corrects the answer that it gave; a live location's later fixes change nothing."""
        queue = read_queue(self.session.gathering)
        if correct_text(queue, inbound.message, inbound.text):
            self.session.gathering = write_queue(queue)
            self.session.changed = True
        elif inbound.text and not inbound.place:
            state, scene = self.staging.state(), self.staging.scene()
            said = Said(text=inbound.text, captioned=inbound.captioned, message=inbound.message)
            await correct(state, said, scene, self.room.table)
            self.staging.save(state, scene)

    async def notice(self, inbound: Inbound) -> None:
        """Something this person should hear about, from another conversation."""
        if inbound.name in BESIDE:
            return await self._say_beside(inbound)
        if self.session.closed:
            return await self.door.note_unreached(inbound, self.tray.effect())
        state, scene = self.staging.state(), self.staging.scene()
        await begin(state, inbound.name, inbound.data, scene, self.room.table, news=True)
        if inbound.name in FOLLOW_UPS:
            mark_important(scene, str(inbound.data["code"]), joined="joined" in inbound.data)
        return self.staging.save(state, scene)

    async def _say_beside(self, inbound: Inbound) -> None:
        """Say what is said beside every talk: nothing that is asked there is repeated, and nobody misses it."""
        if self.session.closed:
            return
        scene = self.staging.scene()
        await begin(State(), inbound.name, inbound.data, scene, self.room.table)
        for out in scene.outs:
            self.tray.send(self.staging.lightened(out, scene))

    async def result(self, inbound: Inbound) -> None:
        """An errand is done: a file is here, or a service answered."""
        if inbound.name == "media":
            return await self._media_done(msgspec.convert(inbound.data["media"], Media))
        state, scene = self.staging.state(), self.staging.scene()
        answered = LookUp(int(str(inbound.data["talk"])), str(inbound.data["name"]), int(str(inbound.data["stamp"])))
        await resume(state, answered, inbound.data.get("value"), scene, self.room.table)
        return self.staging.save(state, scene)

    async def timer(self, inbound: Inbound) -> None:
        """The clock: an album is complete, a draft has waited long, an erased person's address is no longer needed."""
        session = self.session
        if inbound.name == "gather":
            return await self._release(read_queue(session.gathering))
        if inbound.name == "forget":
            return await self._forget(float(str(inbound.data["at"])))
        if inbound.name == "expired":
            return await phones.forget_code(self.work, self.session.person.address_id, only_old=True)
        if session.timer_at is not None and session.timer_at > self.work.now + HAIR:
            return None  # Another one is set.
        state, scene = self.staging.state(), self.staging.scene()
        session.timer_at = None
        may_speak = not (session.closed or self.session.person.low_data)
        pause = await remind(state, session.last_in_at, scene, self.room.table, may_speak=may_speak)
        self.staging.save(state, scene, arm=False)
        if pause is not None:
            self.tray.arm(max(pause, 1.0))
        return None

    async def blocked(self, inbound: Inbound) -> None:
        """The person blocked us."""
        await people.set_flags(self.work, self.session.person.address_id, blocked_at=self.work.now)

    async def unblocked(self, inbound: Inbound) -> None:
        """The person let us in again."""
        await people.set_flags(self.work, self.session.person.address_id, blocked_at=None)

    async def opted_out(self, inbound: Inbound) -> None:
        """The provider took her STOP and has answered it; until her START it lets nothing through."""
        # Whatever she writes opens the window; what was held for it is let go here and dropped at the shut door.
        self.door.open_window(inbound)
        await people.opt_out(self.work, self.session.person.address_id, PROVIDER)

    async def opted_in(self, inbound: Inbound) -> None:
        """The provider took her START and has answered it: she is only offered what she has missed."""
        since = self.session.opted_out_at
        self.door.open_window(inbound)
        await people.set_flags(
            self.work, self.session.person.address_id, opted_out_at=None, opted_out_by="", blocked_at=None
        )
        if since is not None and (codes := await self.door.missed(since)):
            await self._offer(codes, self.staging.scene())

    async def migrated(self, inbound: Inbound) -> None:
        """The chat has a new id."""
        await self.work.flush()
        await chats.move_chat(self.work.connection, inbound.account, self.session.person.chat, inbound.text)

    async def left(self, inbound: Inbound) -> None:
        """The bot was put out of a group: nobody acts for a body there any more."""
        await officials.dismiss_group(self.work, inbound.account, self.session.person.chat)

    async def _hear_or_offer(self, inbound: Inbound, since: float | None) -> None:
        """Hear a message; whoever is back with a mere hello is offered what she has missed, and asked nothing else."""
        if since is None or stops(inbound, self.staging.words()):
            return await self._hear(inbound, ())
        codes = await self.door.missed(since)
        scene = self.staging.scene()
        if codes and only_returns(inbound, self.staging.words()) and not self.staging.state().talks:
            scene.remarks.append(scene.text("back-again"))
            return await self._offer(codes, scene)
        return await self._hear(inbound, (), welcome_back(self.staging.words(), self.staging.variant(), codes))

    async def _hear(self, inbound: Inbound, media: tuple[Media, ...], remark: str = "") -> None:
        if (inbound.account, inbound.key) in self.broken:
            return await self._apologise(inbound)
        self.hearing = inbound
        # Only who is answered right now can be answered in passing.
        tap = await find_tap(self.work, self.session.person, inbound) if inbound is self.handled else None
        return await self.listener.hear(inbound, media, tap, remark)

    async def _offer(self, codes: list[str], scene: Scene) -> None:
        state = self.staging.state()
        await begin(state, "missed", {"codes": codes}, scene, self.room.table)
        self.staging.save(state, scene)

    async def _forget(self, at: float) -> None:
        """The last of an erased person goes, unless she has written again."""
        if self.session.last_in_at <= at and not self.staging.state().talks:
            await erasing.erase_address(self.work, self.session.person)

    async def _media_done(self, media: Media) -> None:
        queue = read_queue(self.session.gathering)
        if settle_file(queue, media):
            return await self._release(queue)
        # The talk went on without it: an unusable file is still said, at once.
        if media.status == "refused":
            self.tray.send(Outbound(text=self.staging.words().text(media.reason, self.staging.variant())))
        return None

    async def _release(self, queue: list[Gathered]) -> None:
        """Let every message be heard whose files are here, in order, an album's parts as one."""
        while ready := take_ready(queue, self.work.now):
            await self._hear(ready.inbound, ready.media)
        self.session.gathering = write_queue(queue)
        self.session.changed = True


def _shorten(cause: str) -> str:
    if len(cause) <= MOST_CAUSE:
        return cause
    return f"{cause[:60]}~{hashlib.sha256(cause.encode()).hexdigest()[:32]}"


_KINDS: dict[str, Callable[[Desk, Inbound], Awaitable[None]]] = {
    "message": Desk.message,
    "edited": Desk.edited,
    "lost": Desk.lost,
    "blocked": Desk.blocked,
    "opted_out": Desk.opted_out,
    "opted_in": Desk.opted_in,
    "unblocked": Desk.unblocked,
    "migrated": Desk.migrated,
    "left": Desk.left,
    "notice": Desk.notice,
    "result": Desk.result,
    "timer": Desk.timer,
}
