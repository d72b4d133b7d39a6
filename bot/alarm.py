"""An emergency in somebody's words: the number to phone is told before anything else goes on, once in a talk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from routing.alarms import find_alarm, find_alarms
from routing.records import text_in

if TYPE_CHECKING:
    from bot.messages import Inbound
    from bot.scene import Scene
    from bot.switchboard import State

# Without a talk under way the same emergency is told of again after this.
AGAIN_AFTER = 600.0
PLACE_QUESTIONS = frozenset({"place", "area", "town", "border", "pin", "candidate"})


class Alarm(NamedTuple):
    """What is said, the number in it, and how a report of such a thing `begins` to tell of it."""

    text: str
    phone: str
    begins: str

    def is_told_by(self, answer: str, heard: str) -> bool:
        """True when an answer tells the number by itself; "Corrientes 1100", or what she wrote herself, does not."""
        number = re.compile(rf"(?<!\d){re.escape(self.phone)}(?!\d)")
        return self.begins in answer or (bool(number.search(answer)) and not number.search(heard))


def find_warning(state: State, inbound: Inbound, scene: Scene) -> Alarm | None:
    """The warning that a citizen's words call for, noted in `state`; None for none, or one that was said already."""
    if scene.person.official or inbound.tapped or not inbound.text:
        return None
    if not state.talks and scene.now - state.warned_at > AGAIN_AFTER:
        state.warned = ()
    alarms = scene.pack.records.alarms
    kind = next((each for each in find_alarms(inbound.text) if each in alarms and each not in state.warned), None)
    if kind is None:
        return None
    state.warned, state.warned_at = (*state.warned, kind), scene.now
    emergency = alarms[kind]
    text = scene.text("alarm", phone=emergency.phone, say=text_in(emergency.say, scene.words.language))
    return Alarm(text, emergency.phone, scene.text("emergency-notice", phone=emergency.phone, say="").strip())


def takes_for_place(state: State, text: str, scene: Scene) -> bool:
    """True where the question under way would take a cry for help for an address: it is asked again instead.

    What begins with the address answers first, and tells of a danger there besides.
    """
    pending = state.talks[-1].pending if state.talks else None
    if pending is None or pending.name not in PLACE_QUESTIONS or find_alarm(text) is None:
        return False
    address = scene.pack.places.address(text, scene.words.language)
    if address is None:
        return not any(map(str.isdigit, text))
    return find_alarm(text.partition(address.words)[0]) is not None
