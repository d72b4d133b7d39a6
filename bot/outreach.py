"""Everything that reaches bodies outside of the chat, and hears from them: built from the settings, as one part."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.delivering import Delivering
from bot.far_updates import FarUpdates
from bot.imap import Imap
from bot.mailbox import Mailbox
from bot.morning import Morning
from bot.news import Keeper
from bot.reporting import Reporting
from bot.ways import Calls, Gate, Outside, Post, make_ways
from routing.deliveries.letter import Sender
from web.files import sign_media
from web.sign import Signer

if TYPE_CHECKING:
    from bot.jobs import Job
    from bot.settings import Settings
    from bot.workplace import Workplace
    from storage.media import MediaStore
    from storage.workbench import Workbench

# Nothing here may wait for another's slow server.
AT_ONCE = 16
# Seconds. One request may be seven calls of 20: is it there already, the request, its token five times with pauses.
LONGEST = 180.0
# A far server that shows photos from our address shows them as long as anybody looks at a ticket.
PHOTO_DAYS = 365
DAY = 86400


class Outreach:
    """`perform` is for the sender of the account "deliveries"; `chores` go on beside it until they are cancelled."""

    def __init__(
        self,
        settings: Settings,
        secrets: dict[str, str],
        place: Workplace,
        store: MediaStore,
        workbench: Workbench,
        clock: Callable[[], float],
    ) -> None:
        key = settings.secret_key.get_secret_value()
        gate = Gate(settings.deliveries, production=settings.production)
        self._calls = Calls(gate)
        post = _post(settings, key, gate)
        keeper = Keeper(place.database, store, workbench)
        self.morning = Morning(place, post, settings.operator_email, settings.language)
        reporting = Reporting(place.pack, store, _photo_urls(key, settings.public_url, clock), settings.public_url)
        ways = make_ways(Outside(self._calls, post, secrets))
        self._delivering = Delivering(place, reporting, ways, self.morning.summarise, clock)
        self.far = FarUpdates(place, self._calls, secrets, keeper)
        url = settings.imap_url.get_secret_value()
        self.mailbox = Mailbox(place, Imap(url), gate, keeper, key) if url else None

    async def perform(self, job: Job) -> str:
        """See `bot.delivering`."""
        return await self._delivering.perform(job)

    def sending(self) -> dict[str, Any]:
        """How a `bot.sender.Sender` is made for the account "deliveries"."""
        return {"perform": self.perform, "lanes_at_once": AT_ONCE, "longest": LONGEST}

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the senders."""
        chores = [self.morning.keep_watch(), self.far.keep_looking()]
        return [*chores, self.mailbox.keep_reading()] if self.mailbox else chores

    async def close(self) -> None:
        """End every connection."""
        await self._calls.close()


def _post(settings: Settings, key: str, gate: Gate) -> Post | None:
    url = settings.smtp_url.get_secret_value()
    if not url:
        return None
    reads = bool(settings.imap_url.get_secret_value())
    answers = (settings.mail_reply_to or settings.mail_from) if reads else ""
    sender = Sender(settings.mail_from, answers, key, tagged=bool(settings.mail_reply_to))
    return Post(url, sender, gate)


def _photo_urls(key: str, public_url: str, clock: Callable[[], float]) -> Callable[[str], str]:
    """How the address of a kept file is made, "" where nobody reaches us."""
    signer = Signer(key)

    def url(file: str) -> str:
        expires = (int(clock()) // DAY + PHOTO_DAYS) * DAY
        return f"{public_url}/media/{quote(file)}?e={expires}&s={sign_media(signer, file, expires)}"

    return url if public_url else lambda file: ""
