"""Where Twilio tells what became of a message: signed, kept with all that follows from it, and only then answered."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from storage.database import is_away, is_conflict
from storage.receipts import Receipt

if TYPE_CHECKING:
    from bot.receipts import Receipts
    from web.twilio_signature import Signatures

log = structlog.get_logger(__name__)

PATH = "/twilio/status"
COME_AGAIN_SECONDS = "5"
WHATSAPP = "whatsapp:"
# An id of ours that fits into the database.
MOST_ID = 2**63

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def twilio_status(signatures: Signatures, taking: Receipts, accounts: Collection[str]) -> Handler:
    """The handler for POST /twilio/status. 204: committed; 403: not Twilio's; 503: come again.

    `accounts` are our Twilio accounts. What is of none of them, or says nothing, is answered and forgotten.
    """

    async def handler(request: web.Request) -> web.Response:
        form = await signatures.form_of(request)
        if form is None:
            log.warning("signature_refused", path=PATH)
            return web.Response(status=403)
        try:
            row = _row(request.query.get("o", ""))
            account = (await taking.account_of(row) if row else "") or _account(form, accounts)
            if (given := _receipt(form, account, row)) and account in accounts:
                await taking.take(given, time.time(), to=form.get("To", "").removeprefix(WHATSAPP))
        except Exception as error:
            if is_away(error) or is_conflict(error):
                return web.Response(status=503, headers={"Retry-After": COME_AGAIN_SECONDS})
            raise
        return web.Response(status=204)

    return handler


def _row(typed: str) -> int | None:
    """The id of ours that we had put into the callback's address."""
    known = typed.isascii() and typed.isdecimal() and len(typed) < 20 and int(typed) < MOST_ID
    return int(typed) if known else None


def _account(form: Mapping[str, str], accounts: Collection[str]) -> str:
    """Which account of ours sent it, "" when none did."""
    sender = form.get("From", "")
    names = [sender] if sender.startswith(WHATSAPP) else [f"sms:{form.get('MessagingServiceSid')}", f"sms:{sender}"]
    return next((name for name in names if name in accounts), "")


def _receipt(form: Mapping[str, str], account: str, row: int | None) -> Receipt | None:
    sid, status = form.get("MessageSid", ""), form.get("MessageStatus", "")
    if not (sid and status):
        return None
    code = form.get("ErrorCode", "")
    return Receipt(account=account, provider_id=sid, status=status, code=code if code != "0" else "", outbox_id=row)
