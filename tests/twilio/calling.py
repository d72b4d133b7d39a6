"""A message as a call to Twilio's API takes it."""

from __future__ import annotations

from tests.fakes.twilio import FakeTwilio
from tests.twilio.listening import ANA

SID = "SM" + "f" * 32


def sms(fake: FakeTwilio, body: str = "hola", to: str = ANA) -> dict[str, str]:
    return {"To": to, "From": fake.sms_from, "Body": body}
