"""Where the bot is reached by somebody who carries something: an invitation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote


class Entrances:
    """`telegram` makes a deep link ("" while its name is not known), the others are numbers in E.164 or ""."""

    def __init__(self, telegram: Callable[[str], str] | None, whatsapp: str, sms: str) -> None:
        self._telegram = telegram
        self._whatsapp = whatsapp
        # A messaging service sends and has no number to write to.
        self._sms = sms if sms.startswith("+") else ""

    def ways(self, payload: str) -> Sequence[tuple[str, str]]:
        """(kind of channel, link or what to write where) of each way in."""
        words = f"/start {payload}"
        found = [("telegram", self._telegram(payload) if self._telegram else "")]
        if self._whatsapp:
            # https://faq.whatsapp.com/5913398998672934: the number without plus, the words encoded.
            found.append(("whatsapp", f"https://wa.me/{self._whatsapp.lstrip('+')}?text={quote(words)}"))
        if self._sms:
            found.append(("sms", f"SMS {self._sms}: {words}"))
        return [(kind, way) for kind, way in found if way]
