"""One message at one address, inside the intake's transaction: its files are awaited, its conversation runs."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from bot.alarm import find_warning, takes_for_place
from bot.answers import Said
from bot.door import FOLLOW_UPS, PROVIDER, Door, welcome_back
from bot.elsewhere import Drafts
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
from bot.lightening import lighten
from bot.messages import Inbound, Media, Outbound
from bot.opting import carrier_word, only_returns, stops
from bot.scene import LookUp, Scene
from bot.switchboard import REMIND_AFTER, Heard, State, begin, correct, hear, read_state, remind, repeat, resume
from bot.tray import Tray
from locales import Catalog, catalog, find_command
from storage import inbox, officials, people, phones
from storage import outbox as queues
from storage.codes import PATTERN
from storage.database import is_away, is_conflict

if TYPE_CHECKING:
    from bot.room import Room
    from storage.people import Session
    from storage.work import Work

LAST_RIGHTS = frozenset({"stop", "delete"})
# What changes a message that was said already.
BESIDE = frozenset({"told-card"})
# The longest message that a conversation hears, in characters: Telegram's own limit is 4096.
MOST_TEXT = 4096
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
        self.person = session.person
        self.broken = broken
        self.tray = Tray(work, session)
        self.door = Door(room, work, session)

    async def handle(self, inbound: Inbound) -> None:
        """Do what follows from a message; raises Broken with the message to blame."""
        self.cause = self.work.cause = _shorten(f"{inbound.account}:{inbound.key}")
        # Not always the one that came: it may set free another that waited for its files.
        self.hearing = inbound
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
            self.tray.send(Outbound(text=self._words().text("apology", self._variant())))
        elif inbound.kind == "timer" and inbound.name == "draft":
            self.session.timer_at = None
            self.session.changed = True

    async def message(self, inbound: Inbound) -> None:
        """Somebody wrote: files are fetched first, and what comes after them waits its turn."""
        session = self.session
        session.changed = True
        await self._hear_language(inbound, first=session.last_in_at == 0)
        session.last_in_at = self.work.now
        if meant := carrier_word(inbound, shut=session.opted_out_by == PROVIDER):
            return await (self.opted_out if meant == "stop" else self.opted_in)(inbound)
        since = await self.door.come_back()
        self.door.open_window(inbound)
        if self.person.blocked_until > self.work.now and not self._may_still(inbound):
            # Whoever is kept out is told whom to phone even so, and nothing else.
            return self._warn_at_once(inbound)
        if not inbound.attachments and session.gathering == "[]":
            return await self._hear_or_offer(inbound, since)
        if since is not None:
            codes = await self.door.missed(since)
            self.tray.send(Outbound(text=welcome_back(self._words(), self._variant(), codes)))
        self._warn_at_once(inbound)
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
            state, scene = self._state(), self._scene()
            scene.remarks.append(scene.text("lost-message"))
            await repeat(state, scene, self.room.table)
            self._save(state, scene)

    async def edited(self, inbound: Inbound) -> None:
        """An edited message corrects the answer that it gave; a live location's later fixes change nothing."""
        queue = read_queue(self.session.gathering)
        if correct_text(queue, inbound.message, inbound.text):
            self.session.gathering = write_queue(queue)
            self.session.changed = True
        elif inbound.text and not inbound.place:
            state, scene = self._state(), self._scene()
            said = Said(text=inbound.text, captioned=inbound.captioned, message=inbound.message)
            await correct(state, said, scene, self.room.table)
            self._save(state, scene)

    async def notice(self, inbound: Inbound) -> None:
        """Something this person should hear about, from another conversation."""
        if inbound.name in BESIDE:
            return await self._say_beside(inbound)
        if self.session.closed:
            return await self.door.note_unreached(inbound, self.tray.effect())
        state, scene = self._state(), self._scene()
        await begin(state, inbound.name, inbound.data, scene, self.room.table)
        if inbound.name in FOLLOW_UPS:
            _mark_important(scene, str(inbound.data["code"]), joined="joined" in inbound.data)
        return self._save(state, scene)

    async def _say_beside(self, inbound: Inbound) -> None:
        """Say what is said beside every talk: nothing that is asked there is repeated, and nobody misses it."""
        if self.session.closed:
            return
        scene = self._scene()
        await begin(State(), inbound.name, inbound.data, scene, self.room.table)
        for out in scene.outs:
            self.tray.send(self._lightened(out, scene))

    async def result(self, inbound: Inbound) -> None:
        """An errand is done: a file is here, or a service answered."""
        if inbound.name == "media":
            return await self._media_done(msgspec.convert(inbound.data["media"], Media))
        state, scene = self._state(), self._scene()
        answered = LookUp(int(str(inbound.data["talk"])), str(inbound.data["name"]), int(str(inbound.data["stamp"])))
        await resume(state, answered, inbound.data.get("value"), scene, self.room.table)
        return self._save(state, scene)

    async def timer(self, inbound: Inbound) -> None:
        """The clock: an album is complete, a draft has waited long, an erased person's address is no longer needed."""
        session = self.session
        if inbound.name == "gather":
            return await self._release(read_queue(session.gathering))
        if inbound.name == "forget":
            return await self._forget(float(str(inbound.data["at"])))
        if inbound.name == "expired":
            return await phones.forget_code(self.work, self.person.address_id, only_old=True)
        if session.timer_at is not None and session.timer_at > self.work.now + HAIR:
            return None  # Another one is set.
        state, scene = self._state(), self._scene()
        session.timer_at = None
        may_speak = not (session.closed or self.person.low_data)
        pause = await remind(state, session.last_in_at, scene, self.room.table, may_speak=may_speak)
        self._save(state, scene, arm=False)
        if pause is not None:
            self.tray.arm(max(pause, 1.0))
        return None

    async def blocked(self, inbound: Inbound) -> None:
        """The person blocked us."""
        await people.set_flags(self.work, self.person.address_id, blocked_at=self.work.now)

    async def unblocked(self, inbound: Inbound) -> None:
        """The person let us in again."""
        await people.set_flags(self.work, self.person.address_id, blocked_at=None)

    async def opted_out(self, inbound: Inbound) -> None:
        """The provider took her STOP and has answered it; until her START it lets nothing through."""
        # Whatever she writes opens the window; what was held for it is let go here and dropped at the shut door.
        self.door.open_window(inbound)
        await people.opt_out(self.work, self.person.address_id, PROVIDER)

    async def opted_in(self, inbound: Inbound) -> None:
        """The provider took her START and has answered it: she is only offered what she has missed."""
        since = self.session.opted_out_at
        self.door.open_window(inbound)
        await people.set_flags(self.work, self.person.address_id, opted_out_at=None, opted_out_by="", blocked_at=None)
        if since is not None and (codes := await self.door.missed(since)):
            await self._offer(codes, self._scene())

    async def migrated(self, inbound: Inbound) -> None:
        """The chat has a new id."""
        await self.work.flush()
        await queues.move_chat(self.work.connection, inbound.account, self.person.chat, inbound.text)

    async def left(self, inbound: Inbound) -> None:
        """The bot was put out of a group: nobody acts for a body there any more."""
        await officials.dismiss_group(self.work, inbound.account, self.person.chat)

    async def _hear_language(self, inbound: Inbound, *, first: bool) -> None:
        """Speak as her first words do, where only her number told what she may speak."""
        guess = self.person.language or self.room.language
        if not first or not self.person.account.startswith(people.PHONE_CHANNELS):
            return
        language = self.room.pack().recognition.language_of(inbound.text, guess)
        if language != guess:
            await people.set_language(self.work, self.person.address_id, language)
            self.person = self.session.person = msgspec.structs.replace(self.person, language=language)

    async def _hear_or_offer(self, inbound: Inbound, since: float | None) -> None:
        """Hear a message; whoever is back with a mere hello is offered what she has missed, and asked nothing else."""
        if since is None or stops(inbound, self._words()):
            return await self._hear(inbound, ())
        codes = await self.door.missed(since)
        scene = self._scene()
        if codes and only_returns(inbound, self._words()) and not self._state().talks:
            scene.remarks.append(scene.text("back-again"))
            return await self._offer(codes, scene)
        return await self._hear(inbound, (), welcome_back(self._words(), self._variant(), codes))

    async def _offer(self, codes: list[str], scene: Scene) -> None:
        state = self._state()
        await begin(state, "missed", {"codes": codes}, scene, self.room.table)
        self._save(state, scene)

    async def _forget(self, at: float) -> None:
        """The last of an erased person goes, unless she has written again."""
        if self.session.last_in_at <= at and not self._state().talks:
            await people.erase_address(self.work, self.person)

    async def _media_done(self, media: Media) -> None:
        queue = read_queue(self.session.gathering)
        if settle_file(queue, media):
            return await self._release(queue)
        # The talk went on without it: an unusable file is still said, at once.
        if media.status == "refused":
            self.tray.send(Outbound(text=self._words().text(media.reason, self._variant())))
        return None

    async def _release(self, queue: list[Gathered]) -> None:
        """Let every message be heard whose files are here, in order, an album's parts as one."""
        while ready := take_ready(queue, self.work.now):
            await self._hear(ready.inbound, ready.media)
        self.session.gathering = write_queue(queue)
        self.session.changed = True

    async def _hear(self, inbound: Inbound, media: tuple[Media, ...], remark: str = "") -> None:
        if (inbound.account, inbound.key) in self.broken:
            return await self._apologise(inbound)
        self.hearing = inbound
        state, scene = self._state(), self._scene()
        state.reminded = False
        scene.remarks += [remark] if remark else []
        for reason in dict.fromkeys(m.reason for m in media if m.status == "refused"):
            scene.remarks.append(scene.text(reason))
        kept = tuple(m for m in media if m.status != "refused")
        said = Said(
            text=inbound.text.strip()[:MOST_TEXT],
            captioned=inbound.captioned,
            place=inbound.place,
            media=kept,
            contact=inbound.contact,
            message=inbound.message,
        )
        # A button says by itself what it means; only words are read in the light of what they reply to.
        ticket = await self._ticket_replied_to(inbound) if inbound.reply_to and not inbound.tapped else ""
        warning = find_warning(state, inbound, scene)
        scene.reply_to = inbound.message if self.person.group else ""
        if state.talks and said == Said(message=said.message) and scene.remarks:
            # Nothing but a file that cannot be used: no answer, and none that was misunderstood.
            await repeat(state, scene, self.room.table)
        else:
            if takes_for_place(state, inbound.text):
                await repeat(state, scene, self.room.table)
            else:
                await hear(state, Heard(said, inbound.tapped, ticket), scene, self.room.table)
        # What is asked next may tell the number by itself.
        if warning and not any(warning.phone in out.text for out in scene.outs):
            scene.outs.insert(0, Outbound(text=warning.text))
        return self._save(state, scene)

    def _may_still(self, inbound: Inbound) -> bool:
        """True for what nobody is kept from: silence, and having her data deleted."""
        talks = self._state().talks
        command = find_command(inbound.text or inbound.tapped, self._words().language, PATTERN, self._variant())
        return bool(talks and talks[-1].name in LAST_RIGHTS) or (command is not None and command.name in LAST_RIGHTS)

    def _warn_at_once(self, inbound: Inbound) -> None:
        """Tell the emergency number before the files that came along are here."""
        state = self._state()
        if warning := find_warning(state, inbound, self._scene()):
            self.tray.send(Outbound(text=warning.text))
            self.session.talks = msgspec.json.encode(state).decode()

    async def _ticket_replied_to(self, inbound: Inbound) -> str:
        addresses = [self.person.address_id]
        if self.person.group:
            group = await people.chat_address(self.work, inbound.account, self.person.chat)
            addresses += [group] if group is not None else []
        return await inbox.ticket_of_message(self.work, addresses, inbound.reply_to)

    def _state(self) -> State:
        return read_state(self.session.talks)

    def _words(self) -> Catalog:
        return catalog(self.person.language or self.room.language)

    def _variant(self) -> str:
        # Whoever pays for every byte gets the short words of SMS, on every channel.
        return "sms" if self.person.low_data else self.room.variant(self.person.account)

    def _scene(self) -> Scene:
        return Scene(
            person=self.person,
            now=self.work.now,
            words=self._words(),
            variant=self._variant(),
            pack=self.room.pack(),
            work=self.work,
            public_url=self.room.public_url,
            popularity=self.room.popularity(),
            learned=self.room.learned(),
            fits=lambda message: self.room.fits(self.person.account, message),
            sms=self.room.sms,
            keyed_hash=self.room.keyed_hash,
            elsewhere=Drafts(self.work, self.person, self.room.table),
            services=self.room.services,
            ways=self.room.ways,
            limits=self.room.limits,
        )

    def _save(self, state: State, scene: Scene, *, arm: bool = True) -> None:
        if scene.remarks:
            scene.out(Outbound(text=""))
        for out in scene.outs:
            self.tray.send(out if scene.pictures else self._lightened(out, scene))
        for look_up in scene.look_ups:
            self.tray.errand(look_up)
        self.session.talks = msgspec.json.encode(state).decode()
        self.session.changed = True
        if arm and state.talks and self.session.timer_at is None:
            self.tray.arm(REMIND_AFTER)

    def _lightened(self, out: Outbound, scene: Scene) -> Outbound:
        if not self.person.low_data:
            return out
        return lighten(out, scene.words, self._variant(), official=self.person.official)


def _mark_important(scene: Scene, code: str, *, joined: bool) -> None:
    """Have what was said of this ticket reach her somehow; a question repeated after it need not.

    Who `joined` is one of many: hers waits its turn, and nothing that is asked there is repeated for it.
    """
    for index, out in enumerate(scene.outs):
        if out.ticket == code:
            scene.outs[index] = msgspec.structs.replace(out, important=True, bulk=joined)
            if joined:
                del scene.outs[index + 1 :]
            return


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
