"""People on the fake Twilio who read what they hear and answer it, however often something is lost on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.fakes.twilio_people import FakePhone
from tests.robots import CODE

if TYPE_CHECKING:
    from random import Random

PATIENCE = 60.0
LONG_PATIENCE = 300.0
CORNER = "corrientes y florida, microcentro"


class Reporter:
    """Reports one problem after the other, three messages for each, and asks for all of them at the end.

    `codes` are the tickets that she was told, by the words with which she named each problem. `sent` is told before
    everything that she does. With `photo` that comes with each report.
    """

    def __init__(
        self,
        phone: FakePhone,
        names: list[str],
        dice: Random,
        sent: Callable[[], Awaitable[None]],
        *,
        photo: bytes = b"",
    ) -> None:
        self.phone = phone
        self.photo = photo
        self.names = names
        self.codes: dict[str, str] = {}
        self._dice = dice
        self._sent = sent

    async def reports(self) -> None:
        """Hold all her talks."""
        for name in self.names:
            await self._report(name)
        await self._do(lambda: self.phone.says("mis reclamos"))
        await self.phone.next_with("Tus reclamos", LONG_PATIENCE)

    async def _report(self, name: str) -> None:
        await self._do(lambda: self._tell(f"hay un bache enorme que rompe todo {name}"))
        while name not in self.codes:
            shown = await self.phone.next(LONG_PATIENCE)
            if "nde es?" in shown.text:
                await self._do(self._tell_where)
            elif "Enviar" in shown.text or "Enviar" in " ".join(shown.buttons):
                assert name in shown.text, shown.text
                assert ("📷 1 foto" in shown.text) == bool(self.photo), shown.text
                await self._do(self._send)
            elif "justo" in shown.text and "límite" in shown.text:
                await self._do(self._tell_side)
            elif "No me llegó" in shown.text:
                await self._do(self._last)
            else:
                assert "Tu reclamo es" in shown.text, f"{self.phone.address} heard {shown.text!r}"
                self.codes[name] = CODE.search(shown.text)[0]  # type: ignore[index]

    async def _do(self, deed: Callable[[], object]) -> None:
        self._last = deed
        await self._sent()
        deed()

    def _tell(self, words: str) -> None:
        if self.photo:
            self.phone.sends_photo(self.photo, words)
        else:
            self.phone.says(words)

    def _tell_where(self) -> None:
        if self.phone.channel == "sms" or self._dice.random() < 0.3:
            self.phone.says(CORNER)
        else:
            self.phone.sends_location(-34.6 - self._dice.random() / 50, -58.4 - self._dice.random() / 50)

    def _tell_side(self) -> None:
        self.phone.says("1")

    def _send(self) -> None:
        if self.phone.channel == "sms":
            self.phone.says("1")
        else:
            self.phone.taps("Enviar")
