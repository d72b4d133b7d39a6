"""What proves that a webhook is Twilio's: a signature over the public address and every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

PROOF_HEADER = "X-Twilio-Signature"
# Twilio's own messages are a few kilobytes: files never come with them.
BODY_BYTES = 1 << 18


class Signatures:
    """Knows Twilio's webhooks: `public_url` is what Twilio was told to call, `tokens` are the auth tokens that count.

    Two tokens count while one replaces the other. Empty ones are left out; without any nothing is Twilio's.
    """

    def __init__(self, public_url: str, tokens: Sequence[str]) -> None:
        self._public_url = public_url.rstrip("/")
        self._validators = [RequestValidator(token) for token in tokens if token]

    def prove(self, raw_path: str, form: Mapping[str, str], shown: str) -> bool:
        """True when `shown` signs these parameters at `raw_path` (path and query as they came) of the public address.

        Never from the Host header: behind a proxy that is not what Twilio called.
        """
        url = self._public_url + raw_path
        return any(validator.validate(url, form, shown) for validator in self._validators)

    async def form_of(self, request: web.Request) -> MultiDict[str] | None:
        """Every parameter of a request, blank ones too; None when it is not Twilio's. Raises HTTP 413 and 400."""
        raw = await request.clone(client_max_size=BODY_BYTES).read()
        form = read_form(raw)
        return form if self.prove(request.raw_path, form, request.headers.get(PROOF_HEADER, "")) else None


def read_form(raw: bytes) -> MultiDict[str]:
    """A form-urlencoded body. Raises HTTP 400 for what is none, or says too much."""
    try:
        return MultiDict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=1000))
    except ValueError as error:
        raise web.HTTPBadRequest from error
