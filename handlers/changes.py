"""What is appended to a ticket's history from a chat: with who did it, from where, and as the public reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routing.masking import KINDS, OFFICE_KINDS, masked_or_none
from storage.updates import Change

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.conversation import Chat
    from routing.masking import Kind


def by_citizen(chat: Chat, **entry: Any) -> Change:
    """A citizen's entry; nobody else reads the personal data in her words."""
    return _change(chat, KINDS, actor="citizen", **entry)


def by_official(chat: Chat, **entry: Any) -> Change:
    """An official's entry; an office's telephone and mail are meant to be read."""
    return _change(chat, OFFICE_KINDS, actor="official", **entry)


def _change(chat: Chat, kinds: Collection[Kind], **entry: Any) -> Change:
    here = {"person_id": chat.person.id, "address_id": chat.person.address_id}
    change = msgspec.convert({**here, **entry}, Change)
    if not change.public or change.public_words is not None:
        return change
    said = " ".join(part for part in (change.reason, change.words) if part)
    return msgspec.structs.replace(change, public_words=masked_or_none(said, chat.language, kinds))
