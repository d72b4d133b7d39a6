"""Group chats: which addresses are one, whole or a topic of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, or_

from storage.people import is_private
from storage.schema import address

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def in_group(account: str, chat: str) -> ColumnElement[bool]:
    """True of the addresses that are this whole group chat, or a topic of it, whichever of them is named."""
    return _in_group(**group_values(account, chat))


def group_values(account: str, chat: str) -> dict[str, str]:
    """What IN_GROUP is to be told of a group chat."""
    group = chat.partition(":")[0]
    topics = f"{group}:".replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {"account": account, "group": group, "topics": topics}


def _in_group(account: Any, group: Any, topics: Any) -> ColumnElement[bool]:
    a = address.c
    topic = and_(a.external.startswith(topics, escape="/"), is_private(a.external))
    return and_(a.account == account, or_(a.external == group, topic))


IN_GROUP = _in_group(bindparam("account"), bindparam("group"), bindparam("topics"))
