"""The command menus that a messenger shows: for everybody, and for an official's own chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locales import DEFAULT, LANGUAGES, catalog

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

CITIZEN = ("report", "mine", "status", "help", "language", "phone", "cancel", "delete", "stop")
OFFICIAL = ("inbox", "search", "view", "take", "respond", "status", "numbers", "help", "language", "report", "mine")


def menu(language: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(command word, what it does) of these commands in a language."""
    words = catalog(language)
    return [(words.slash[name], words.menu[name]) for name in names]


async def set_menus(telegram: TelegramChannel) -> None:
    """Everybody's menu, in every language we speak and in the default one for the rest."""
    for language in LANGUAGES:
        await telegram.set_menu(menu(language, CITIZEN), language)
    await telegram.set_menu(menu(DEFAULT, CITIZEN))


async def show_menu(telegram: TelegramChannel, request: dict[str, Any]) -> None:
    """The menu of a chat in which somebody acts for a body; everybody's again where nobody does any more."""
    chat, language = str(request["chat"]), str(request["language"])
    if request.get("gone"):
        await telegram.clear_official_menu(chat)
    else:
        await telegram.set_official_menu(chat, menu(language, OFFICIAL))
