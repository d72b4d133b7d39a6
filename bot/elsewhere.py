"""A report begun on one of a person's addresses and gone on with on another.

A group's members see what is said there: what was begun in a group stays there, and nothing comes into one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from bot.gathering import read_queue
from bot.switchboard import EXPIRE_AFTER, State, Table, read_state
from bot.talk import ANSWERS, Talk, last_answer
from storage import joinings, people

if TYPE_CHECKING:
    from storage.people import Person, Session
    from storage.work import Work


class Draft(NamedTuple):
    """A report that waits at another address."""

    address_id: int
    account: str
    talk: Talk

    @property
    def mark(self) -> str:
        """What tells it from every other, so that it is offered once."""
        return f"{self.address_id}.{self.talk.id}.{self.talk.began}"


class Drafts:
    """What waits for this person at her other addresses. Nothing is locked before something is fetched."""

    def __init__(self, work: Work, person: Person, table: Table) -> None:
        self._work = work
        self._person = person
        self._table = table

    async def find(self) -> dict[str, Any] | None:
        """The newest draft, as the conversation that offers it wants to know of it."""
        # Most people have one chat, and every hello comes by here.
        if self._person.group or not self._person.elsewhere:
            return None
        found = [
            Draft(each.address_id, each.account, talk)
            for each in await joinings.siblings(self._work, self._person, lock=False)
            if (talk := self._waiting(await self._look(each.address_id))) is not None
        ]
        if not found:
            return None
        draft = max(found, key=lambda each: each.talk.began)
        answers = {name: each.value for name, each in draft.talk.memory.items() if each.kind in ANSWERS}
        return {"address": draft.address_id, "account": draft.account, "mark": draft.mark, "answers": answers}

    async def bring(self, address_id: int, mark: str) -> Talk | None:
        """Take the draft away from there; None when it was sent, ended or fetched meanwhile."""
        others = [each.address_id for each in await joinings.siblings(self._work, self._person)]
        session = await people.open_session(self._work, address_id) if address_id in others else None
        if session is None or (talk := self._waiting(session)) is None:
            return None
        if Draft(address_id, "", talk).mark != mark:
            return None
        _empty(session)
        talk.pending = None
        talk.began = self._work.now
        return talk

    async def _look(self, address_id: int) -> Session | None:
        in_hand = {each.person.address_id: each for each in self._work.sessions.values()}
        return in_hand.get(address_id) or await people.look_at_session(self._work, address_id)

    def _waiting(self, session: Session | None) -> Talk | None:
        """The draft of a session. One that waits for a picture stays where the picture arrives."""
        if session is None or read_queue(session.gathering):
            return None
        if self._work.now - session.last_in_at >= EXPIRE_AFTER:
            return None
        talks = reversed(read_state(session.talks).talks)
        return next((each for each in talks if each.name in self._table.drafts and last_answer(each)), None)


def _empty(session: Session) -> None:
    state = read_state(session.talks)
    kept = State(serial=state.serial, tapped=state.tapped, passed=state.passed)
    session.talks = msgspec.json.encode(kept).decode()
    session.changed = True
