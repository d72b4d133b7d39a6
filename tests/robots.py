"""People on the fake Telegram who know what they want: citizens who report, officials who work, both whatever happens.

A robot answers what it is asked, by what it reads. A message that it has answered already is a double: it is counted,
must have rung no bell, and is not answered again.
"""

from __future__ import annotations

import io
import random
import re

from PIL import Image

from tests.fakes.telegram_people import FakeChat, FakeUser, Shown

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}\b")
PATIENCE = 75.0


def picture(seed: int) -> bytes:
    """A photo, different for every seed."""
    file = io.BytesIO()
    noise = random.Random(seed).randbytes(32 * 24 * 3)
    Image.frombytes("RGB", (32, 24), noise).resize((640, 480)).save(file, "JPEG")
    return file.getvalue()


def tap(user: FakeUser, shown: Shown, label: str) -> None:
    """Press a button of this very message."""
    button = shown.button(label)
    assert button is not None, f"no {label!r} among {shown.buttons}"
    user.fake.press(user, shown, button.data)


class Robot:
    """What citizens and officials share: reading each message once."""

    def __init__(self, user: FakeUser, chat: FakeChat | None = None) -> None:
        self.user = user
        self.chat = chat or user
        self.doubles = 0
        self._answered: set[str] = set()

    async def read(self) -> Shown:
        """Return the next message with words that was not read before."""
        while True:
            shown = await self.chat.next(PATIENCE)
            known = f"{shown.text}\n{[[button.data for button in row] for row in shown.rows]}"
            if not shown.text:
                continue
            if known not in self._answered:
                self._answered.add(known)
                return shown
            self.doubles += 1
            assert shown.silent, f"said twice, and loudly: {shown.text}"


class Citizen(Robot):
    """Reports one problem, and says at its end whether it is fixed."""

    def __init__(self, user: FakeUser, words: str, place: tuple[float, float], *, fixed: bool = True) -> None:
        super().__init__(user)
        self.words = words
        self.place = place
        self.fixed = fixed
        self.code = ""

    async def reports(self, photos: int = 0) -> str:
        """Hold the whole talk; return the ticket's code."""
        if photos > 1:
            self.user.sends_album([picture(self.user.id * 10 + n) for n in range(photos)], self.words)
        elif photos:
            self.user.sends_photo(picture(self.user.id), self.words)
        else:
            self.user.says(self.words)
        while not self.code:
            shown = await self.read()
            if "¿Dónde es?" in shown.text:
                self.user.sends_location(*self.place)
            elif shown.button("Es otro"):
                # Others report from the same corner at the same time, and each wants a ticket of her own.
                tap(self.user, shown, "Es otro")
            elif shown.button("Enviar"):
                assert self.words in shown.text, shown.text
                assert ("📷 sin fotos" in shown.text) == (photos == 0), shown.text
                tap(self.user, shown, "Enviar")
            elif "Tu reclamo es" in shown.text:
                self.code = CODE.search(shown.text)[0]  # type: ignore[index]
            else:
                raise AssertionError(f"{self.words!r} was answered with {shown.text!r}")
        return self.code

    async def follows(self) -> None:
        """Hear of every step until the problem is said to be fixed, and say whether that is so."""
        while True:
            shown = await self.read()
            if "¿Quedó arreglado?" in shown.text:
                tap(self.user, shown, "Sí" if self.fixed else "No")
            elif "lo reabrí" in shown.text.lower():
                self.user.says(f"falta, dice {self.user.first_name}")
            elif "Queda confirmado" in shown.text or "sigue abierto" in shown.text:
                return
            else:
                assert f"Novedades de {self.code}" in shown.text, shown.text


class Official(Robot):
    """Takes every new ticket and says that it is solved; `ended` are the codes on which citizens had the last word."""

    def __init__(self, user: FakeUser, chat: FakeChat | None = None) -> None:
        super().__init__(user, chat)
        self.ended: list[str] = []

    async def works(self, tickets: int) -> None:
        """Work until so many tickets have ended."""
        while len(self.ended) < tickets:
            shown = await self.read()
            code = CODE.search(shown.text)
            if shown.text.startswith("🆕"):
                assert code is not None
                # That it is hers is said in passing.
                tap(self.user, shown, "Tomar")
                to = None if self.chat is self.user else self.chat
                self.user.says(f"/estado {code[0]} resuelto lo tapamos", to=to)  # type: ignore[arg-type]
            elif shown.text.startswith(("🎉", "💬")):
                assert code is not None
                self.ended.append(code[0])
            elif "Te damos la bienvenida" in shown.text:
                # Heard before she began to work: this is a double, after a kill in the very moment of sending it.
                assert shown.silent, shown.text
            else:
                # A press stands in another queue than words, and may come in behind those that follow it.
                told = ("Ya le avisé", "no le pude avisar: bloqueó", "quedó como visto", "ya está en «")
                assert any(words in shown.text for words in told) or shown.text.startswith("🔁"), shown.text
