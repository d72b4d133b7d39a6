"""A tap on a card's button is answered where she tapped: in a few words that pass, while the card itself changes.

What has to stay (pictures, questions, many words) is a message as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import cards, inbox, people

if TYPE_CHECKING:
    from bot.messages import Inbound, Outbound
    from bot.scene import Scene
    from storage.people import Person
    from storage.work import Work

# Bot API, answerCallbackQuery: text, 0-200 characters.
MOST = 200


class Tap:
    """A tap on a card: `code` is its ticket, `address_id` where the card is (in a group, the group's own)."""

    def __init__(self, work: Work, address_id: int, code: str) -> None:
        self._work = work
        self._address_id = address_id
        self._code = code
        # Who taps is not kept waiting for what happened a moment before.
        work.tapped.add((address_id, code))

    async def answer(self, inbound: Inbound, scene: Scene) -> None:
        """Take what can be said in passing out of what is said, and have the card show how the ticket is now."""
        brief = next((out for out in scene.outs if _passes(out, self._code)), None)
        if brief is None:
            return
        scene.outs.remove(brief)
        key = inbound.account, inbound.key
        self._work.answers[key] = brief
        await inbox.mark(self._work, key, "beside", "")
        await cards.renew(self._work, self._address_id, self._code)


async def find_tap(work: Work, person: Person, inbound: Inbound) -> Tap | None:
    """The card whose button was tapped; None for every other message."""
    here = inbound.account.partition(":")[0] in cards.EDITING
    if not (here and inbound.tapped.startswith("/") and inbound.reply_to):
        return None
    addresses = [person.address_id]
    if person.group:
        group = await people.chat_address(work, inbound.account, person.chat)
        addresses += [group] if group is not None else []
    found = await cards.shown_by(work, addresses, inbound.reply_to)
    return Tap(work, *found) if found else None


def _passes(out: Outbound, code: str) -> bool:
    lasts = out.media or out.place or out.link or out.wants or out.card or (out.options and out.numbered)
    return out.ticket == code and not lasts and len(out.text) <= MOST
