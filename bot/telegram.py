"""One Telegram bot in this process: its channel, how it is sent for, and how its updates reach us."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.channels.telegram import TelegramChannel
from bot.jobs import performs
from bot.menus import show_menu
from bot.pacing import Pace, Rate
from bot.reception import Reception
from bot.retry import Policy
from storage.people import GROUP_MARK
from web.telegram_webhook import PATH, telegram_webhook

if TYPE_CHECKING:
    from bot.channels import Files
    from bot.intake import Intake
    from bot.settings import Settings
    from storage.database import Database

# About 1 message/s to a chat with short bursts, 20/min to a group, 30/s in all (Bot API FAQ); a little under each.
TELEGRAM_PACE = Pace(
    chat=Rate(1.0, 3), group=Rate(60 / 18, 2), account=Rate(1 / 25, 5), bulk=Rate(1 / 15, 5), group_mark=GROUP_MARK
)


class Telegram:
    """The bot that the settings name; `channel` sends for it."""

    def __init__(self, settings: Settings, database: Database, intake: Intake, files: Files, owner: str) -> None:
        self._intake = intake
        self._database = database
        self._called = settings.telegram_mode == "webhook"
        self.channel = TelegramChannel(
            settings.telegram_token.get_secret_value(),
            files,
            api_url=settings.telegram_api_url,
            secret=settings.telegram_secret.get_secret_value(),
            secret_key=settings.secret_key.get_secret_value(),
        )
        webhook = f"{settings.public_url}{PATH}" if self._called else ""
        self._reception = Reception(self.channel, intake, database, owner, webhook)

    def sending(self) -> dict[str, Any]:
        """How a `bot.sender.Sender` is made for the bot's account."""
        return {"perform": performs(self.channel, self._database), "pace": TELEGRAM_PACE, "policy": Policy()}

    def routes(self) -> list[web.RouteDef]:
        """Where Telegram brings updates, unless it is asked for them."""
        return [web.post(PATH, telegram_webhook(self.channel, self._intake))] if self._called else []

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the sender until it is cancelled."""
        return [self._reception.run()]

    def states(self) -> dict[str, str]:
        """What of the account an operator has to mend."""
        state = self._reception.state
        return {} if state == "ok" else {self.channel.account: state}

    async def set_official_menu(self, request: dict[str, Any]) -> None:
        """Show an official the commands that are hers; see `bot.menus`."""
        if request["account"] == self.channel.account:
            await show_menu(self.channel, request)

    async def close(self) -> None:
        """End every connection."""
        await self.channel.close()
