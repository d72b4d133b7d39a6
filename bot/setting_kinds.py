"""What a setting may say: each kind of value is checked by a function, and a fault says how to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from bot.geocoder_list import read_geocoders, read_keys

SHORTEST_KEY = 32
MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("must be the start of a web address, such as https://baldosa.example")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    """Name the driver, and turn what libpq calls sslmode into what asyncpg calls it."""
    value = re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", value)
    value = re.sub(r"^sqlite://", "sqlite+aiosqlite://", value)
    if not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    parts = urlsplit(value)
    if parts.scheme.startswith("sqlite") or not parts.query:
        return value
    names = {"sslmode": "ssl"}
    query = [(names.get(name, name), text) for name, text in parse_qsl(parts.query) if name != "channel_binding"]
    return urlunsplit(parts._replace(query=urlencode(query, safe="/")))


def read_media_url(value: str) -> str:
    """The address of a store for media; a mere folder is one too."""
    if "://" not in value:
        return Path(value).absolute().as_uri()
    if not value.startswith(("file:///", "memory:///", "s3://", "gs://", "az://")):
        raise ValueError("must be a folder, or begin with file:///, memory:///, s3://, gs:// or az://")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"must have {SHORTEST_KEY} characters or more; {MAKE_ONE}")
    return value


def _telegram_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"(\d+:[\w-]+)?", value.get_secret_value()):
        raise ValueError("must look like 123456:ABC-DEF; @BotFather gives it")
    return value


def _telegram_secret(value: SecretStr) -> SecretStr:
    # Bot API, setWebhook: secret_token.
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):
        raise ValueError("may hold only letters, digits, _ and -, 256 at most")
    return value


def _twilio_account(value: str) -> str:
    if not re.fullmatch(r"(AC[0-9a-fA-F]{32})?", value):
        raise ValueError("must be AC and 32 hexadecimal digits; Twilio's console shows it")
    return value


def _mail_server(*schemes: str) -> Callable[[SecretStr], SecretStr]:
    """A server of one of these schemes, as smtp://user:password@host:port; what an "@" in a name becomes is %40."""

    def check(value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if parts.geturl() and (parts.scheme not in schemes or not parts.hostname):
            raise ValueError(f"must look like {schemes[0]}://user:password@mail.example.org")
        return value

    return check


def _mail_address(value: str) -> str:
    if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(value)[1]):
        raise ValueError("must be an e-mail address")
    return value


def _without_scheme(value: str) -> str:
    return value.removeprefix("whatsapp:")


def _geocoders(value: str) -> str:
    read_geocoders(value)
    return value


def _geocoder_keys(value: SecretStr) -> SecretStr:
    read_keys(value.get_secret_value())
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
MediaUrl = Annotated[str, AfterValidator(read_media_url)]
Key = Annotated[SecretStr, AfterValidator(_long_enough)]
TelegramToken = Annotated[SecretStr, AfterValidator(_telegram_token)]
TelegramSecret = Annotated[SecretStr, AfterValidator(_telegram_secret)]
TelegramMode = Annotated[Literal["polling", "webhook"], BeforeValidator(_lower)]
TwilioAccount = Annotated[str, AfterValidator(_twilio_account)]
WhatsAppNumber = Annotated[str, AfterValidator(_without_scheme)]
Geocoders = Annotated[str, AfterValidator(_geocoders)]
GeocoderKeys = Annotated[SecretStr, AfterValidator(_geocoder_keys)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_mail_server("smtps", "smtp"))]
ImapUrl = Annotated[SecretStr, AfterValidator(_mail_server("imaps", "imap"))]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Leaving = Annotated[Literal["auto", "loopback", "off"], BeforeValidator(_lower)]
WebChat = Annotated[Literal["auto", "citizen", "off"], BeforeValidator(_lower)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["auto", "json", "console"], BeforeValidator(_lower)]
