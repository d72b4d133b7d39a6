"""The phones of played conversations: what a person does becomes what her channel brings, and the bot's messages become
what that channel shows, both by the channel's own code.
"""

from __future__ import annotations

from tests.phones.base import Deed, Phones
from tests.phones.browser import BrowserPhones
from tests.phones.sms import SmsPhones
from tests.phones.telegram import TelegramPhones
from tests.phones.terminal import TerminalPhones
from tests.phones.whatsapp import WhatsAppPhones

__all__ = ["PHONES", "Deed", "Phones"]

# The first channel of a transcript writes it.
PHONES: dict[str, type[Phones]] = {
    each.channel_name: each for each in (BrowserPhones, TerminalPhones, TelegramPhones, WhatsAppPhones, SmsPhones)
}
