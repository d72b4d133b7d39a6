"""STOP and START: what a message means to somebody's wish for messages, before any conversation hears it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from locales import find_command
from storage.codes import PATTERN

if TYPE_CHECKING:
    from bot.messages import Inbound
    from locales import Catalog

# What Twilio answers and acts on by itself when an SMS is this word and nothing else, whatever we do about it
# (help.twilio.com, "Twilio support for opt-out keywords"). It opens an address again only for the second list.
CARRIER_STOPS = frozenset({"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"})
CARRIER_STARTS = frozenset({"start", "yes", "unstop"})
CARRIED = "sms:"

Meant = Literal["stop", "start", ""]


def carrier_word(inbound: Inbound, *, shut: bool) -> Meant:
    """What the provider did about this very SMS by itself: `shut` tells that nothing of ours gets through now."""
    if not inbound.account.startswith(CARRIED) or inbound.attachments:
        return ""
    word = inbound.text.strip().casefold()
    if word in CARRIER_STOPS:
        return "stop"
    return "start" if shut and word in CARRIER_STARTS else ""


def only_returns(inbound: Inbound, words: Catalog) -> bool:
    """True when this says hello or ALTA and nothing else: whoever comes back with it wants nothing yet."""
    text = inbound.text.strip()
    if inbound.tapped or inbound.place or inbound.attachments or inbound.contact or not any(map(str.isalnum, text)):
        return False
    if not words.without_greeting(text):
        return True
    # Some of these words may be an answer elsewhere, and are commands only after a slash there.
    command = find_command(text if text.startswith("/") else f"/{text}", words.language, PATTERN)
    return command is not None and command.name == "start" and not command.rest


def stops(inbound: Inbound, words: Catalog) -> bool:
    """True when this asks for silence."""
    command = None if inbound.tapped else find_command(inbound.text, words.language, PATTERN)
    return command is not None and command.name == "stop"
