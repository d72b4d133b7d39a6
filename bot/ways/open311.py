"""Reports to a GeoReport v2 server: posted, and asked for by token where the server takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.ways.calls import Calls
from bot.ways.secrets import require_secret
from routing import ways
from routing.deliveries import open311
from routing.deliveries.report import Receipt, Report, UndeliveredError, w3c
from routing.records import Body

# mySociety's client asks for a token this often; afterwards it is asked for with the updates.
TOKEN_TRIES = 5
TOKEN_PAUSE = 2.0
DAY = 86400.0


class Open311Way:
    """The method "open311"."""

    def __init__(self, calls: Calls, secrets: Mapping[str, str]) -> None:
        self._calls = calls
        self._secrets = secrets

    async def hand(self, report: Report, *, again: bool) -> Receipt:
        """Post the report, unless an earlier attempt arrived after all: GeoReport knows no key for that."""
        way = _way(report)
        key = require_secret(self._secrets, way.key)
        form = open311.request_form(report, way, key)
        if again and (number := await self._find(report, way)):
            return Receipt("accepted", number)
        got = await self._calls.post_form(open311.url_of(way, "requests"), form)
        receipt = open311.read_receipt(got.status, got.body)
        return await self._follow(receipt, way) if receipt.token else receipt

    async def tell(self, report: Report, remote_id: str) -> tuple[str, ...]:
        """Post a later step, where the server takes such."""
        way = _way(report)
        if not way.updates:
            return ()
        form = open311.update_form(report, way, require_secret(self._secrets, way.key), remote_id)
        got = await self._calls.post_form(open311.url_of(way, "servicerequestupdates"), form)
        mine = open311.update_id(report)
        try:
            return tuple({mine: None, open311.read_update_id(got.status, got.body) or mine: None})
        except UndeliveredError as error:
            # It has this one from an attempt whose answer was lost.
            if "already exists" in error.full.lower():
                return (mine,)
            raise

    def source(self, body: Body) -> str:
        """The server, which bodies may share."""
        return open311.source_of(body.open311) if body.open311 else ""

    async def ask_token(self, way: ways.Open311Way, token: str) -> str:
        """The id that a token has become, "" while it has not."""
        got = await self._calls.get(open311.url_of(way, f"tokens/{token}"), open311.ask(way))
        return open311.read_token(got.body, token) if got.status == 200 else ""

    async def _follow(self, receipt: Receipt, way: ways.Open311Way) -> Receipt:
        """Ask for the token a few times; it is in the server's hands by now, so nothing that goes wrong here counts."""
        for _ in range(TOKEN_TRIES):
            await asyncio.sleep(TOKEN_PAUSE)
            try:
                if number := await self.ask_token(way, receipt.token):
                    return Receipt("accepted", number)
            except UndeliveredError:
                break
        return receipt

    async def _find(self, report: Report, way: ways.Open311Way) -> str:
        """Our ticket's id on the server, "" when it has none or does not say."""
        code = open311.service_code(way, report.category, report.group)
        start = w3c(report.opened - DAY)
        query = open311.ask(way, service_code=code, start_date=start, end_date=w3c(report.opened + 89 * DAY))
        try:
            got = await self._calls.get(open311.url_of(way, "requests"), query)
            return open311.find_ours(got.body, report) if got.status == 200 else ""
        except UndeliveredError:
            return ""


def _way(report: Report) -> ways.Open311Way:
    way = report.body.open311
    if way is None:
        raise UndeliveredError("the pack no longer says where its Open311 server is")
    return way
