"""One message at one address, inside the intake's transaction: its files are awaited, its conversation runs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.conversation import LookUp, Scene
from bot.messages import Attachment, Inbound, Media, Outbound
from bot.questions import Said
from bot.switchboard import REMIND_AFTER, Heard, State, Table, begin, correct, hear, remind, resume
from locales import Catalog, catalog
from storage import inbox, officials, people, schema
from storage.database import is_away

if TYPE_CHECKING:
    from routing.pack import Pack
    from storage.database import Database
    from storage.people import Session
    from storage.work import Work

# An album's parts come one by one and nobody says how many there are: wait this long after the last arrival.
ALBUM_PAUSE = 1.2
# A photo that takes longer than this to fetch is awaited no more; the report goes on with it pending.
FETCH_PATIENCE = 12.0
# The longest message that a conversation hears, in characters: Telegram's own limit is 4096.
MOST_TEXT = 4096


class Gathered(msgspec.Struct):
    """A message that waits for its files or for the rest of its album."""

    inbound: Inbound
    media: tuple[Media, ...]
    arrived: float


class Room:
    """What the intake needs to know of the rest: variants of channels, the pack, fresh codes, whom to wake."""

    def __init__(
        self,
        *,
        database: Database,
        table: Table,
        pack: Callable[[], Pack],
        new_code: Callable[[], str],
        new_id: Callable[[], str],
        wake: Callable[[set[str]], None],
        variant: Callable[[str], str],
        popularity: Callable[[], Mapping[str, int]] = dict,
        public_url: str = "",
        language: str = "es",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.database = database
        self.table = table
        self.pack = pack
        self.new_code = new_code
        self.new_id = new_id
        self.wake = wake
        self.variant = variant
        self.popularity = popularity
        self.public_url = public_url
        self.language = language
        self.clock = clock


class Broken(Exception):
    """A conversation raised on the message with this index."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class Desk:
    """One message at one session, inside the transaction."""

    def __init__(self, room: Room, work: Work, session: Session) -> None:
        self.room = room
        self.work = work
        self.session = session
        self.person = session.person
        self.counter = 0

    async def handle(self, inbound: Inbound, index: int, broken: dict[int, str]) -> None:
        self.cause = f"{inbound.account}:{inbound.key}"
        if index in broken:
            await inbox.mark(self.work, [(inbound.account, inbound.key)], "dead", broken[index])
            return self._send(Outbound(text=self._words().text("apology", self._variant())))
        try:
            await _KINDS[inbound.kind](self, inbound)
        except DBAPIError as error:
            if is_away(error) or isinstance(error, IntegrityError):
                raise
            raise Broken(index, type(error).__name__) from error
        except Exception as error:
            raise Broken(index, type(error).__name__) from error
        return None

    async def message(self, inbound: Inbound) -> None:
        """Somebody wrote: files are fetched first, and what comes after them waits its turn."""
        session = self.session
        session.changed = True
        session.last_in_at = self.work.now
        if session.opted_out or session.blocked:
            session.opted_out = session.blocked = False
            await people.set_flags(self.work, self.person.address_id, opted_out_at=None, blocked_at=None)
        if not inbound.attachments and session.gathering == "[]":
            return await self._hear(inbound, ())
        queue = self._queue()
        media = tuple(self._fetch(each) for each in inbound.attachments)
        queue.append(Gathered(inbound, media, self.work.now))
        if inbound.attachments:
            self._timer("gather", f"gather:{self.cause}:late", FETCH_PATIENCE)
        if inbound.group:
            self._timer("gather", f"gather:{self.cause}", ALBUM_PAUSE)
        return await self._release(queue)

    async def edited(self, inbound: Inbound) -> None:
        """An edited message corrects the answer that it gave; a live location's later fixes change nothing."""
        if inbound.text and not inbound.place:
            state, scene = self._state(), self._scene()
            said = Said(text=inbound.text, captioned=inbound.captioned, message=inbound.message)
            await correct(state, said, scene, self.room.table)
            self._save(state, scene)

    async def notice(self, inbound: Inbound) -> None:
        """Something this person should hear about, from another conversation."""
        if self.session.opted_out or self.session.blocked:
            return
        state, scene = self._state(), self._scene()
        await begin(state, inbound.name, inbound.data, scene, self.room.table)
        self._save(state, scene)

    async def result(self, inbound: Inbound) -> None:
        """An errand is done: a file is here, or a service answered."""
        if inbound.name == "media":
            return await self._media_done(msgspec.convert(inbound.data["media"], Media))
        state, scene = self._state(), self._scene()
        talk, name = int(str(inbound.data["talk"])), str(inbound.data["name"])
        await resume(state, talk, name, inbound.data.get("value"), scene, self.room.table)
        return self._save(state, scene)

    async def timer(self, inbound: Inbound) -> None:
        """The clock: an album is complete, or a draft has waited long."""
        if inbound.name == "gather":
            return await self._release(self._queue())
        state, scene = self._state(), self._scene()
        self.session.timer_at = None
        pause = await remind(state, self.work.now - self.session.last_in_at, scene, self.room.table)
        self._save(state, scene, arm=False)
        if pause is not None:
            self._arm(max(pause, 1.0))
        return None

    async def blocked(self, inbound: Inbound) -> None:
        """The person blocked us."""
        await people.set_flags(self.work, self.person.address_id, blocked_at=self.work.now)

    async def unblocked(self, inbound: Inbound) -> None:
        """The person let us in again."""
        await people.set_flags(self.work, self.person.address_id, blocked_at=None)

    async def migrated(self, inbound: Inbound) -> None:
        """The chat has a new id."""
        await people.move_chat(self.work, inbound.account, self.person.chat, inbound.text)

    async def left(self, inbound: Inbound) -> None:
        """The bot was put out of a group: nobody acts for a body there any more."""
        address_id = await people.chat_address(self.work, inbound.account, self.person.chat)
        if address_id is not None:
            await officials.dismiss_address(self.work, address_id)

    async def _media_done(self, media: Media) -> None:
        queue = self._queue()
        waited = any(media.id in (m.id for m in each.media) for each in queue)
        if not waited:
            # The talk went on without it: an unusable file is still said, at once.
            if media.status == "refused":
                self._send(Outbound(text=self._words().text(media.reason, self._variant())))
            return
        for each in queue:
            each.media = tuple(media if m.id == media.id else m for m in each.media)
        await self._release(queue)

    async def _release(self, queue: list[Gathered]) -> None:
        """Let every message be heard whose files are here, in order, an album's parts as one."""
        while queue and self._ready(queue):
            first = queue.pop(0)
            media = first.media
            while queue and first.inbound.group and queue[0].inbound.group == first.inbound.group:
                part = queue.pop(0)
                media += part.media
                if part.inbound.text and not first.inbound.text:
                    first.inbound = msgspec.structs.replace(first.inbound, text=part.inbound.text, captioned=True)
            await self._hear(first.inbound, media)
        self.session.gathering = msgspec.json.encode(queue).decode()
        self.session.changed = True

    def _ready(self, queue: list[Gathered]) -> bool:
        group = queue[0].inbound.group
        parts = [each for each in queue if each.inbound.group == group] if group else queue[:1]
        latest = max(each.arrived for each in parts)
        waited = self.work.now - latest
        settled = all(m.status != "pending" for each in parts for m in each.media)
        return (settled or waited >= FETCH_PATIENCE - 0.01) and (not group or waited >= ALBUM_PAUSE - 0.01)

    async def _hear(self, inbound: Inbound, media: tuple[Media, ...]) -> None:
        state, scene = self._state(), self._scene()
        state.reminded = False
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
        scene.reply_to = inbound.message if self.person.group else ""
        await hear(state, Heard(said, inbound.tapped, ticket), scene, self.room.table)
        self._save(state, scene)

    async def _ticket_replied_to(self, inbound: Inbound) -> str:
        addresses = [self.person.address_id]
        if self.person.group:
            group = await people.chat_address(self.work, inbound.account, self.person.chat)
            addresses += [group] if group is not None else []
        return await inbox.ticket_of_message(self.work, addresses, inbound.reply_to)

    def _fetch(self, attachment: Attachment) -> Media:
        media = Media(id=self.work.new_id(), kind=attachment.kind)
        self.work.add(
            schema.media,
            id=media.id,
            address_id=self.person.address_id,
            account=self.person.account,
            ref=attachment.ref,
            kind=attachment.kind,
            status="pending",
            created_at=self.work.now,
        )
        payload = {"do": "fetch", "media": media.id}
        self.work.post(account="errands", lane=f"media:{media.id}", kind="errand", payload=payload,
                       effect_key=f"media:{media.id}", address_id=self.person.address_id)  # fmt: skip
        return media

    def _queue(self) -> list[Gathered]:
        return msgspec.json.decode(self.session.gathering, type=list[Gathered])

    def _state(self) -> State:
        return msgspec.json.decode(self.session.talks, type=State) if self.session.talks != "[]" else State()

    def _words(self) -> Catalog:
        return catalog(self.person.language or self.room.language)

    def _variant(self) -> str:
        return self.room.variant(self.person.account)

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
        )

    def _save(self, state: State, scene: Scene, *, arm: bool = True) -> None:
        if scene.remarks:
            scene.out(Outbound(text=""))
        for out in scene.outs:
            self._send(out)
        for look_up in scene.look_ups:
            self._errand(look_up)
        self.session.talks = msgspec.json.encode(state).decode()
        self.session.changed = True
        if arm and state.talks and self.session.timer_at is None:
            self._arm(REMIND_AFTER)

    def _send(self, out: Outbound) -> None:
        self.session.out_seq += 1
        self.session.changed = True
        self.work.post(
            account=self.person.account,
            lane=str(self.person.address_id),
            seq=self.session.out_seq,
            kind="message",
            payload=msgspec.structs.replace(out, text=out.text.strip()),
            effect_key=self._effect(),
            address_id=self.person.address_id,
            ticket=out.ticket,
        )

    def _errand(self, look_up: LookUp) -> None:
        payload = {**look_up.request, "talk": look_up.talk, "name": look_up.name}
        key = self._effect()
        self.work.post(account="errands", lane=key, kind="errand", payload=payload, effect_key=key,
                       address_id=self.person.address_id)  # fmt: skip

    def _arm(self, pause: float) -> None:
        self.session.timer_at = self.work.now + pause
        self.session.changed = True
        self._timer("draft", f"draft:{self.cause}", pause)

    def _timer(self, name: str, key: str, pause: float) -> None:
        self.work.post(account="local", lane=key, kind="timer", payload={"name": name}, effect_key=key,
                       address_id=self.person.address_id, due_at=self.work.now + pause)  # fmt: skip

    def _effect(self) -> str:
        self.counter += 1
        return f"{self.cause}#{self.counter}"


_KINDS: dict[str, Callable[[Desk, Inbound], Awaitable[None]]] = {
    "message": Desk.message,
    "edited": Desk.edited,
    "blocked": Desk.blocked,
    "unblocked": Desk.unblocked,
    "migrated": Desk.migrated,
    "left": Desk.left,
    "notice": Desk.notice,
    "result": Desk.result,
    "timer": Desk.timer,
}
