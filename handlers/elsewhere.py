"""A report that was begun in one chat is offered in another of the same person's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from bot.choices import YesNo
from bot.messages import Place
from handlers.phone import channel_name
from handlers.views import shorten

if TYPE_CHECKING:
    from bot.conversation import Chat


async def elsewhere(chat: Chat) -> None:
    """Ask once whether it goes on here; it is at one place only, never at two."""
    where = channel_name(chat, str(chat.args["account"]))
    what = _what(chat, dict(chat.args["answers"]))
    key = "ask-draft-elsewhere" if what else "ask-draft-elsewhere-bare"
    if await chat.ask("here", YesNo(key, where=where, what=what)):
        if await chat.do("brought", lambda: chat.bring(int(chat.args["address"]), str(chat.args["mark"]))):
            return
        chat.remark("draft-gone", where=where)
    else:
        chat.pass_over(str(chat.args["mark"]))
    chat.become("report")


def _what(chat: Chat, answers: dict[str, Any]) -> str:
    """What the report is about, as far as it was told: "Bache, Corrientes y Callao"."""
    chosen = answers.get("subcategory") or answers.get("category")
    category = chat.pack.category(str(chosen)) if chosen else None
    place = msgspec.convert(answers.get("place") or {}, Place, strict=False)
    return ", ".join(part for part in (category.name(chat.language) if category else "", shorten(place.words)) if part)
