"""Messages for whoever pays for every byte: without pictures, pins and shortcuts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from storage.codes import show_code

if TYPE_CHECKING:
    from bot.messages import Outbound
    from locales import Catalog


def lighten(out: Outbound, words: Catalog, variant: str, *, official: bool) -> Outbound:
    """The message as a person with little data gets it; it says how to get a ticket's pictures all the same.

    An official's shortcuts are her tools, and the pin is her way there: they stay.
    """
    text = out.text
    if out.media and out.ticket:
        left_out = words.plural("pictures-left-out", len(out.media), variant, code=show_code(out.ticket))
        text = f"{text}\n{left_out}"
    light = replace(out, text=text, media=())
    if official:
        return light
    return replace(light, place=None, options=light.options if light.numbered else ())
