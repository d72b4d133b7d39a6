"""WhatsApp through Twilio: buttons, lists, pictures and places for a day after somebody wrote, then templates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from bot.channels import SendError
from bot.channels.twilio_channel import TwilioChannel
from bot.channels.twilio_parse import WHATSAPP
from bot.channels.whatsapp_contents import Contents, describe, tidy, to_json
from bot.channels.whatsapp_render import Part, Upload, fits, render
from locales import catalog
from storage.codes import show_code

if TYPE_CHECKING:
    from bot.channels import Files
    from bot.channels.twilio_api import Api
    from bot.messages import Outbound, Place
    from routing.records import Template

# Free words for 24 hours after somebody's last message (twilio.com/docs/whatsapp/key-concepts).
WINDOW = 86_400.0
# Meta allows 1024 characters in a template with all that is filled in; its own words and other variables get the rest.
FILLED = 700
FILLED_SHORT = 60
# Nobody waits for "is typing": Twilio shows it for 25 s at most.
TYPING_SECONDS = 5.0
MOST_TYPING = 20


class WhatsAppChannel(TwilioChannel):
    """One sender ("+549..."). `media_url` is the address under which Twilio may fetch one of our files for a while.

    `language` is for a reader whose own is not known yet.
    """

    window = WINDOW

    def __init__(
        self, sender: str, api: Api, files: Files, media_url: Callable[[str], str], language: str = "es"
    ) -> None:
        super().__init__(f"{WHATSAPP}{sender}", sender, api)
        self._files = files
        self._media_url = media_url
        self._language = language
        self._contents = Contents(api)
        self._typing: set[asyncio.Task[None]] = set()

    async def forms(
        self, address: str, message: Outbound, *, plain: bool = False, template: Template | None = None
    ) -> list[dict[str, str]]:
        """What to ask of Twilio, one request for each message, the one with words and menu last.

        With `template` it is that and nothing else: all that is let through when the window is shut. Raises SendError
        ("not_yet" while a picture is being fetched).
        """
        # A number, or the id of somebody who shows none.
        who = {"To": f"{WHATSAPP}{address}", "From": f"{WHATSAPP}{self.sender}"}
        if template is not None:
            return [{**who, "ContentSid": template.sid, "ContentVariables": to_json(fill(template, message))}]
        uploads = [] if plain else await self._uploads(message.media)
        words = catalog(message.language or self._language)
        parts = render(message, uploads, words, plain=plain)
        forms = [await self._form(part) for part in parts]
        if any(not form for form in forms):
            # Twilio gives no content for this menu now: in words it reaches her all the same.
            bare = msgspec.structs.replace(message, options=(), link=None, text="", wants="")
            kept = [part for part in render(bare, uploads, words, plain=False) if part.url or part.place]
            parts = [*kept, *render(msgspec.structs.replace(message, place=None), (), words, plain=True)]
            forms = [await self._form(part) for part in parts]
        return [{**who, **form} for form in forms]

    def fits(self, message: Outbound) -> int:
        """How many of the options one message holds."""
        return fits(message)

    def seen(self, sid: str) -> None:
        """Have `typing` shown beside everything else; nobody waits for it, and of very many some go without."""
        if len(self._typing) < MOST_TYPING:
            task = asyncio.create_task(self.typing(sid))
            self._typing.add(task)
            task.add_done_callback(self._typing.discard)

    async def close(self) -> None:
        """Stop what `seen` began; the API is closed by whoever opened it."""
        for task in self._typing:
            task.cancel()
        await asyncio.gather(*self._typing, return_exceptions=True)

    async def typing(self, sid: str) -> None:
        """Show that her message `sid` is read and being answered; never raises, and never takes long."""
        try:
            async with asyncio.timeout(TYPING_SECONDS):
                await self.api.typing(sid)
        except (SendError, TimeoutError):
            return

    async def _uploads(self, media: Iterable[str]) -> list[Upload]:
        files = [(self._media_url(each), await self._files.file(each)) for each in media]
        return [Upload(url, file.mime, len(file.data)) for url, file in files if file and url]

    async def _form(self, part: Part) -> dict[str, str]:
        """The parameters of one message; none when its menu cannot be had."""
        if part.menu is not None:
            name, content, variables = describe(part.text, part.menu)
            sid = await self._contents.sid(name, content)
            return {"ContentSid": sid, "ContentVariables": to_json(variables)} if sid else {}
        if part.place is not None:
            return _location(part.place)
        return {name: value for name, value in (("Body", part.text), ("MediaUrl", part.url)) if value}


def fill(template: Template, message: Outbound) -> Mapping[str, str]:
    """The variables of a template, numbered as it has them: the message's own, or what it says of itself."""
    known = {"code": show_code(message.ticket), "text": message.text, **message.about}
    # A sentence of the template's follows: "Resuelto. Respondé ...".
    known["text"] = known["text"].rstrip() + ("." if known["text"].rstrip()[-1:].isalnum() else "")
    return {
        str(number): tidy(known.get(name, ""), FILLED if name == "text" else FILLED_SHORT)
        for number, name in enumerate(template.variables, 1)
    }


def _location(place: Place) -> dict[str, str]:
    # The body is what the message says, what follows "|" stands under the map (Twilio's page on message features).
    shown = tidy(place.words.replace("|", " "), FILLED_SHORT) if place.words else ""
    point = f"geo:{place.lat:.6f},{place.lon:.6f}"
    return {
        "Body": shown or f"{place.lat:.5f}, {place.lon:.5f}",
        "PersistentAction": f"{point}|{shown}" if shown else point,
    }
