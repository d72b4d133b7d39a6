"""The scene of one message and what comes of it: the talks are read, set before the pack and the clock, and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bot.elsewhere import Drafts
from bot.lightening import lighten
from bot.messages import Outbound
from bot.scene import Scene
from bot.switchboard import REMIND_AFTER, State, has_new_draft, look_after, read_state
from bot.tray import Tray
from locales import Catalog, catalog

if TYPE_CHECKING:
    from bot.room import Room
    from storage.people import Session
    from storage.work import Work


class Staging:
    """Sets the scene for one session, inside the intake's transaction."""

    def __init__(self, room: Room, work: Work, session: Session, tray: Tray) -> None:
        self._room = room
        self._work = work
        self._session = session
        self._tray = tray

    def state(self) -> State:
        """The stored talks, to be run and saved."""
        return read_state(self._session.talks)

    def words(self) -> Catalog:
        """The language of who is spoken to."""
        return catalog(self._session.person.language or self._room.language)

    def variant(self) -> str:
        """The length of what is said: "sms" for the short one, "" for the other."""
        # Whoever pays for every byte gets the short words of SMS, on every channel.
        return "sms" if self._session.person.low_data else self._room.variant(self._session.person.account)

    def scene(self) -> Scene:
        """What a conversation finds, now."""
        return Scene(
            person=self._session.person,
            now=self._work.now,
            words=self.words(),
            variant=self.variant(),
            pack=self._room.pack(),
            work=self._work,
            public_url=self._room.public_url,
            popularity=self._room.popularity(),
            learned=self._room.learned(),
            fits=lambda message: self._room.fits(self._session.person.account, message),
            sms=self._room.sms,
            keyed_hash=self._room.keyed_hash,
            elsewhere=Drafts(self._work, self._session.person, self._room.table),
            services=self._room.services,
            ways=self._room.ways,
            limits=self._room.limits,
        )

    def save(self, state: State, scene: Scene, *, arm: bool = True) -> None:
        """Hand over what was said and asked for, and store the talks; `arm` sets the clock of a draft."""
        if scene.remarks:
            scene.out(Outbound(text=""))
        for out in scene.outs:
            self._tray.send(out if scene.pictures else self.lightened(out, scene))
        for look_up in scene.look_ups:
            self._tray.errand(look_up)
        self._session.talks = msgspec.json.encode(state).decode()
        self._session.changed = True
        if arm:
            self._set_clock(state, scene.now)

    def _set_clock(self, state: State, now: float) -> None:
        """Have the talks looked at in time: by the timer that is set, unless it rings too late for a new draft."""
        table, rings_at = self._room.table, self._session.timer_at
        if state.talks:
            pause = look_after(state, table)
            if rings_at is None or (has_new_draft(state, now, table) and rings_at > now + pause):
                self._tray.arm(pause)
        # One far away serves the next talk.
        elif rings_at is not None and rings_at <= now + REMIND_AFTER:
            self._tray.disarm()

    def lightened(self, out: Outbound, scene: Scene) -> Outbound:
        """A message as who wants little data gets it."""
        if not self._session.person.low_data:
            return out
        return lighten(out, scene.words, self.variant(), official=self._session.person.official)


def mark_important(scene: Scene, code: str, *, joined: bool) -> None:
    """Have what was said of this ticket reach her somehow; a question repeated after it need not.

    Who `joined` is one of many: hers waits its turn, and nothing that is asked there is repeated for it.
    """
    for index, out in enumerate(scene.outs):
        if out.ticket == code:
            scene.outs[index] = msgspec.structs.replace(out, important=True, bulk=joined)
            if joined:
                del scene.outs[index + 1 :]
            return
