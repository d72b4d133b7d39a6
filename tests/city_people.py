"""Who lives and works in the city of the state machine, and over what they write."""

from __future__ import annotations

from msgspec import Struct

from bot.messages import Place
from tests.machine import CONGRESS

TELEGRAM, WHATSAPP, SMS, BROWSER = "telegram:1", "whatsapp:+5491150000000", "sms:+5491150000000", "browser:main"
ACCOUNTS = (TELEGRAM, WHATSAPP, SMS, BROWSER)
# Both answer at the Congress: the comuna for its streets, the other for its water. The third one is elsewhere.
STREETS, WATER, ELSEWHERE = "comuna-3", "agua", "comuna-14"


class Who(Struct, frozen=True):
    """Somebody at an address; an official acts for a body in a role, under a name."""

    account: str
    external: str
    language: str = "es"
    body: str = ""
    role: str = ""
    name: str = ""


CITIZENS: dict[str, Who] = {
    "ana": Who(TELEGRAM, "1001"),
    "eva": Who(WHATSAPP, "+5491155550002"),
    "sol": Who(SMS, "+5491155550003"),
    "leo": Who(BROWSER, "leo-browser-1"),
    "mia": Who(TELEGRAM, "1005", "pt"),
    "tom": Who(WHATSAPP, "+5491155550006", "en"),
}
OFFICIALS: dict[str, Who] = {
    "luis": Who(TELEGRAM, "2001", body=STREETS, role="agent", name="Luis Paz"),
    "mara": Who(WHATSAPP, "+5491155560002", body=STREETS, role="agent", name="Mara Sosa"),
    "dora": Who(TELEGRAM, "2003", body=STREETS, role="dispatcher", name="Dora Gil"),
    "jefa": Who(BROWSER, "jefa-browser", body=STREETS, role="manager", name="Irma Luna"),
    "pepe": Who(SMS, "+5491155560005", body=WATER, role="agent", name="Pepe Roca"),
    "nora": Who(TELEGRAM, "2006", body=WATER, role="dispatcher", name="Nora Vera"),
    "gina": Who(WHATSAPP, "+5491155560007", body=WATER, role="manager", name="Gina Mora"),
    "olga": Who(TELEGRAM, "2008", body=ELSEWHERE, role="manager", name="Olga Ruiz"),
}
# A few blocks from each other: some are near enough to be offered as the same problem.
PLACES = tuple(Place(lat=CONGRESS.lat + metres / 111_195, lon=CONGRESS.lon, source="pin") for metres in (0, 30, 250))  # type: ignore[operator]
# What is reported: two kinds for the streets, one for the water, and one that nobody means.
STORIES = (
    "hay un bache enorme en la esquina",
    "se rompió un caño en la cuadra",
    "la luminaria está apagada hace días",
    "prueba prueba",
)
