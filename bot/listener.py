"""One message as the talks of its address hear it: with its files, what it replies to, in which language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bot.alarm import find_warning, takes_for_place
from bot.answers import Said
from bot.briefly import Tap
from bot.flow import may_overflow, pour
from bot.messages import Inbound, Media, Outbound
from bot.staging import Staging
from bot.switchboard import Heard, hear, repeat
from bot.tray import Tray
from locales import find_command
from storage import inbox, people
from storage.codes import PATTERN

if TYPE_CHECKING:
    from bot.room import Room
    from storage.people import Session
    from storage.work import Work

LAST_RIGHTS = frozenset({"stop", "delete"})
# The longest message that a conversation hears, in characters: Telegram's own limit is 4096.
MOST_TEXT = 4096


class Listener:
    """Hears for one session, inside the intake's transaction."""

    def __init__(self, room: Room, work: Work, session: Session, tray: Tray, staging: Staging) -> None:
        self._room = room
        self._work = work
        self._session = session
        self._tray = tray
        self._staging = staging

    async def hear(self, inbound: Inbound, media: tuple[Media, ...], tap: Tap | None, remark: str = "") -> None:
        """Have the talks hear a message whose files are here, behind a `remark`."""
        state, scene = self._staging.state(), self._staging.scene()
        state.reminded, scene.network = False, inbound.network
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
        scene.reply_to = inbound.message if self._session.person.group else ""
        if state.talks and said == Said(message=said.message) and scene.remarks:
            # Nothing but a file that cannot be used: no answer, and none that was misunderstood.
            await repeat(state, scene, self._room.table)
        else:
            if takes_for_place(state, inbound.text, scene):
                await repeat(state, scene, self._room.table)
            else:
                await hear(state, Heard(said, inbound.tapped, ticket), scene, self._room.table)
        # What is asked next may tell the number by itself.
        if warning and not any(warning.is_told_by(out.text, inbound.text) for out in scene.outs):
            scene.outs.insert(0, Outbound(text=warning.text))
        if tap is not None:
            await tap.answer(inbound, scene)
        return self._staging.save(state, scene)

    async def learn_language(self, inbound: Inbound, *, first: bool) -> None:
        """Speak as her first words do, where only her number told what she may speak."""
        guess = self._session.person.language or self._room.language
        if not first or not self._session.person.account.startswith(people.PHONE_CHANNELS):
            return
        language = self._room.pack().recognition.language_of(inbound.text, guess)
        if language != guess:
            await people.set_language(self._work, self._session.person.address_id, language)
            self._session.person = msgspec.structs.replace(self._session.person, language=language)

    def is_refused(self, inbound: Inbound, last_in_at: float, *, kept_out: bool) -> bool:
        """True of what is not heard: from who is `kept_out`, or too much in a minute; but for her last rights."""
        # What she wants matters only where she may not be heard.
        if not (kept_out or self._may_overflow(last_in_at)) or self._may_still(inbound):
            return False
        return kept_out or self._overflows()

    def _may_still(self, inbound: Inbound) -> bool:
        """True for what nobody is kept from: silence, and having her data deleted."""
        talks = self._staging.state().talks
        command = find_command(
            inbound.text or inbound.tapped, self._staging.words().language, PATTERN, self._staging.variant()
        )
        return bool(talks and talks[-1].name in LAST_RIGHTS) or (command is not None and command.name in LAST_RIGHTS)

    def _may_overflow(self, last_in_at: float) -> bool:
        """False of officials, who write as much as they like, and after a minute's silence."""
        unbounded = not self._room.limits.messages or self._session.person.official
        return not unbounded and may_overflow(last_in_at, self._work.now)

    def _overflows(self) -> bool:
        """True of a message too many in a minute, of which she is told once."""
        state = self._staging.state()
        verdict = pour(state, self._work.now, self._room.limits.messages)
        self._session.talks = msgspec.json.encode(state).decode()
        if verdict == "tell":
            self._tray.send(Outbound(text=self._staging.words().text("slow-down", self._staging.variant())))
        return verdict != "take"

    def warn_at_once(self, inbound: Inbound) -> None:
        """Tell the emergency number before the files that came along are here."""
        state = self._staging.state()
        if warning := find_warning(state, inbound, self._staging.scene()):
            self._tray.send(Outbound(text=warning.text))
            self._session.talks = msgspec.json.encode(state).decode()

    async def _ticket_replied_to(self, inbound: Inbound) -> str:
        addresses = [self._session.person.address_id]
        if self._session.person.group:
            group = await people.chat_address(self._work, inbound.account, self._session.person.chat)
            addresses += [group] if group is not None else []
        at, counts = inbound.at or self._work.now, inbound.account.startswith("telegram:")
        return await inbox.ticket_of_message(self._work, addresses, inbound.reply_to, at, counts=counts)
