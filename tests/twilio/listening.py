"""What Twilio's tests share: somebody who listens where the bot would, and forms of messages and menus."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from bot.channels import SendError
from bot.channels.twilio_api import Api
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_people import FakePhone

ANA = "+5491155550001"
PUBLIC = "https://bot.test"
STATUS = f"{PUBLIC}/status?o=7"
WEBHOOK = f"{PUBLIC}/in#rc=3&rp=5xx,ct,rt&ct=200&rt=200&tt=5000"


class Bot:
    """Stands where the bot would: keeps what is brought, with its proof, and answers as told."""

    def __init__(self, token: str) -> None:
        self.brought: list[tuple[str, dict[str, str]]] = []
        self.tokens: list[str] = []
        self.answers: list[int] = []
        self.body = "<Response/>"
        self.slow = 0.0
        self.files: dict[str, bytes] = {}
        self._validator = RequestValidator(token)

    async def take(self, request: web.Request) -> web.Response:
        """Answer a webhook, or give a file away; a wrong signature is answered with 403."""
        if request.method == "GET":
            data = self.files.get(request.path)
            return web.Response(body=data, content_type="image/jpeg", status=200 if data else 404)
        params = {name: str(value) for name, value in (await request.post()).items()}
        proof = request.headers["X-Twilio-Signature"]
        if not self._validator.validate(PUBLIC + request.raw_path, params, proof):
            return web.Response(status=403)
        self.brought.append((request.path, params))
        self.tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        await asyncio.sleep(self.slow)
        return web.Response(
            status=self.answers.pop(0) if self.answers else 200, text=self.body, content_type="text/xml"
        )

    def told(self, path: str = "/in") -> list[dict[str, str]]:
        """What was brought to a path."""
        return [params for where, params in self.brought if where == path]

    @property
    def statuses(self) -> list[str]:
        """The statuses told, in their order."""
        return [params["MessageStatus"] for params in self.told("/status")]


def sms(fake: FakeTwilio, **more: str) -> dict[str, str]:
    return {"To": ANA, "From": fake.sms_from, "Body": "hola", "StatusCallback": STATUS} | more


def whatsapp(fake: FakeTwilio, phone: FakePhone, **more: str) -> dict[str, str]:
    return {"To": phone.remote, "From": fake.sender("whatsapp"), "StatusCallback": STATUS} | more


def quick_replies(*titles: str) -> dict[str, object]:
    actions = [{"title": title, "id": title.lower()} for title in titles]
    types = {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}}
    return {"friendly_name": "menu", "language": "es", "variables": {"1": "x"}, "types": types}


def rows(*items: dict[str, str], button: str = "Ver") -> dict[str, object]:
    types = {"twilio/list-picker": {"body": "{{1}}", "button": button, "items": list(items)}}
    return {"friendly_name": "list", "language": "es", "variables": {"1": "x"}, "types": types}


async def is_refused(fake: FakeTwilio, api: Api, form: dict[str, str]) -> str:
    """Why a message is refused; the fault that it is, is taken note of and forgiven."""
    with pytest.raises(SendError) as caught:
        await api.create(form)
    assert fake.faults
    fake.faults.clear()
    return caught.value.detail
