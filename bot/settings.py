"""The settings: the only reader of the environment, so that every other module is told what it needs.

Every setting is a variable called BALDOSA_ and its name, from the environment or from a file `.env`. `PORT` and
`DATABASE_URL`, which hosting platforms set, are understood too, and give way to our own names. docs/settings.md
explains each one, and a test holds it to this file; what a value may look like stands in `bot.setting_kinds`.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.geocoder_list import NEED_CONTACT, NEED_KEY, Named, read_geocoders, read_keys
from bot.setting_kinds import (
    MAKE_ONE,
    SHORTEST_KEY,
    BaseUrl,
    DatabaseUrl,
    GeocoderKeys,
    Geocoders,
    ImapUrl,
    Key,
    Leaving,
    LogFormat,
    LogLevel,
    MailAddress,
    MediaUrl,
    SmtpUrl,
    TelegramMode,
    TelegramSecret,
    TelegramToken,
    TwilioAccount,
    WebChat,
    WhatsAppNumber,
    read_media_url,
)

PREFIX = "BALDOSA_"
# These name what the tests use; the bot itself passes them over.
FOR_TESTS = (f"{PREFIX}TEST_", f"{PREFIX}REQUIRE_")
# What a pack names and must not hold: a body's api_key, the secret that signs its webhook.
FOR_PACKS = f"{PREFIX}SECRET_"


class SettingsError(Exception):
    """One line that names the variable and says how to mend it."""


Phone = Literal["citizen", "official"]

UNSET = SecretStr("")


class Settings(BaseSettings):
    """What this deployment is told; it never changes while the process lives."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    public_url: BaseUrl = Field(default="", description="Where browsers and providers reach this server.")
    production: bool = Field(default=False, description="On where real people write: refuses what only suits a trial.")
    web_chat: WebChat = Field(default="auto", description="Which phones the page at / offers.")
    secret_key: Key = Field(default=UNSET, description="Signs cookies and links.")

    data_dir: Path = Field(default=Path("data"), description="The folder for what has no other place.")
    database_url: DatabaseUrl = Field(
        default_factory=lambda given: f"sqlite+aiosqlite:///{given['data_dir'] / 'baldosa.db'}",
        description="The database: an SQLite file or a PostgreSQL server.",
        repr=False,  # it may hold a password
    )
    media_url: MediaUrl = Field(
        default_factory=lambda given: read_media_url(str(given["data_dir"] / "media")),
        description="Where photos are kept: a folder, S3, Google Cloud or Azure.",
    )
    pack: Path = Field(default=Path("packs/buenos-aires"), description="The folder that describes the municipality.")
    language: str = Field(default="es", description="The language to greet in when the person's is unknown.")

    telegram_token: TelegramToken = Field(default=UNSET, description="The bot's token; switches Telegram on.")
    telegram_mode: TelegramMode = Field(default="polling", description="Ask Telegram for messages, or be called by it.")
    telegram_secret: TelegramSecret = Field(default=UNSET, description="What proves that a webhook is Telegram's.")
    telegram_api_url: BaseUrl = Field(default="https://api.telegram.org", description="Where the Bot API is.")

    twilio_account_sid: TwilioAccount = Field(default="", description="The account; switches WhatsApp and SMS on.")
    twilio_auth_token: SecretStr = Field(default=UNSET, description="The account's token; it also signs webhooks.")
    twilio_previous_auth_token: SecretStr = Field(
        default=UNSET, description="The token before, which counts for webhooks too while a new one takes its place."
    )
    twilio_api_url: BaseUrl = Field(default="https://api.twilio.com", description="Where Twilio's API is.")
    twilio_sms_from: str = Field(default="", description="The number or messaging service that SMS come from.")
    twilio_whatsapp_from: WhatsAppNumber = Field(default="", description="The number that WhatsApp comes from.")

    fallback_unread_hours: int = Field(
        default=24, ge=0, description="After how many hours unread a follow-up goes by SMS to who agreed; 0: never."
    )

    tickets_per_hour: int = Field(
        default=10, ge=0, description="How many reports one person may send in an hour; 0: as many as she likes."
    )
    tickets_per_day: int = Field(
        default=30, ge=0, description="How many reports one person may send in a day; 0: as many as she likes."
    )
    tickets_per_network: int = Field(
        default=100, ge=0, description="How many reports may come over the page from one network a day; 0: any number."
    )
    messages_per_minute: int = Field(
        default=60, ge=0, description="How many messages one address may send in a minute; 0: as many as it likes."
    )

    geocoders: Geocoders = Field(default="", description="Who is asked over the network where an address is.")
    geocoder_keys: GeocoderKeys = Field(default=UNSET, description="The keys of the geocoders that need one.")
    geocoder_contact: str = Field(default="", description="Whom a geocoder's operator can write to about us.")

    deliveries: Leaving = Field(
        default="auto",
        description="Whether what bodies are sent by e-mail, Open311 and webhook may leave this machine.",
    )
    smtp_url: SmtpUrl = Field(default=UNSET, description="The server that letters go out by.")
    mail_from: MailAddress = Field(default="", description="Who letters are from.")
    mail_reply_to: MailAddress = Field(default="", description="The address whose mailbox the answers come to.")
    imap_url: ImapUrl = Field(default=UNSET, description="The mailbox that answers to letters come to.")
    operator_email: MailAddress = Field(default="", description="Who is told each morning what could not be delivered.")

    metrics_token: SecretStr = Field(default=UNSET, description="Lets Prometheus read /metrics from elsewhere.")
    log_level: LogLevel = Field(default="info", description="The least important line that is logged.")
    log_format: LogFormat = Field(default="auto", description="How a logged line looks.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the platform's own variables under ours."""
        return init_settings, env_settings, dotenv_settings, InitSettingsSource(settings_cls, _platform_settings())

    @property
    def on_loopback(self) -> bool:
        """True when the server listens only to this machine."""
        return _is_loopback(self.host)

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones that the page at / offers; whoever is offered the official's can act as one."""
        if self.web_chat == "citizen":
            return ("citizen",)
        # A server on loopback with a public address stands behind a proxy: others do reach it.
        alone = self.on_loopback and _is_loopback(urlsplit(self.public_url).hostname or "localhost")
        return ("citizen", "official") if self.web_chat == "auto" and alone and not self.production else ()

    @property
    def geocoder_list(self) -> tuple[Named, ...]:
        """The geocoders in the order in which they are asked."""
        return read_geocoders(self.geocoders)

    def geocoder_key_of(self, name: str) -> str:
        """A geocoder's key, "" for none."""
        return read_keys(self.geocoder_keys.get_secret_value()).get(name, "")

    @model_validator(mode="after")
    def _hold_together(self) -> Settings:
        for fault in self._faults():
            raise ValueError(PREFIX + fault)
        return self

    def _faults(self) -> Iterator[str]:
        if self.telegram_token.get_secret_value() and self.telegram_mode == "webhook" and not self.public_url:
            yield "PUBLIC_URL is needed for Telegram's webhook: set it, or use polling"
        if self.twilio_account_sid:
            if not self.twilio_auth_token.get_secret_value():
                yield f"TWILIO_AUTH_TOKEN is needed with {PREFIX}TWILIO_ACCOUNT_SID; Twilio's console shows both"
            if not (self.twilio_sms_from or self.twilio_whatsapp_from):
                yield f"TWILIO_SMS_FROM or {PREFIX}TWILIO_WHATSAPP_FROM is needed: the number that messages come from"
            if not self.public_url:
                yield "PUBLIC_URL is needed for Twilio: it is part of what Twilio signs"
        yield from self._geocoder_faults()
        if self.smtp_url.get_secret_value() and not self.mail_from:
            yield f"MAIL_FROM is needed with {PREFIX}SMTP_URL: who letters are from"
        if self.imap_url.get_secret_value() and not self.smtp_url.get_secret_value():
            yield f"SMTP_URL is needed with {PREFIX}IMAP_URL: answers come to letters that were sent"
        if self.production and not self.public_url.startswith("https://"):
            yield f"PUBLIC_URL must begin with https:// where {PREFIX}PRODUCTION is on"
        if not self.secret_key.get_secret_value() and (self.production or not self.on_loopback):
            yield f"SECRET_KEY is needed where others can reach the server; {MAKE_ONE}"

    def _geocoder_faults(self) -> Iterator[str]:
        for name, url in self.geocoder_list:
            if name in NEED_KEY and not self.geocoder_key_of(name):
                yield f"GEOCODER_KEYS is needed for {name}: {name}=KEY"
            if name == NEED_CONTACT and not (url or self.geocoder_contact or self.public_url):
                yield "GEOCODER_CONTACT is needed for nominatim: its policy asks who we are; give an e-mail address"


def load_settings() -> Settings:
    """Read the settings of this process; raises SettingsError with one line for the operator."""
    _refuse_unknown_names({**dotenv_values(".env"), **os.environ})
    try:
        settings = Settings()
    except ValidationError as error:
        # Where one setting is wrong, those that take their default from the others only follow it.
        causes = [detail for detail in error.errors() if detail["type"] != "default_factory_not_called"]
        raise SettingsError("; ".join(_line(detail) for detail in causes)) from None
    if settings.secret_key.get_secret_value():
        return settings
    return settings.model_copy(update={"secret_key": SecretStr(_kept_key(settings.data_dir))})


def load_secrets() -> dict[str, str]:
    """What the pack's bodies are reached with, by the names that it calls them: BALDOSA_SECRET_AGUA is "AGUA"."""
    found = {**dotenv_values(".env"), **os.environ}
    return {
        name.upper().removeprefix(FOR_PACKS): value
        for name, value in found.items()
        if name.upper().startswith(FOR_PACKS) and name.upper() != f"{PREFIX}SECRET_KEY" and value
    }


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _platform_settings() -> dict[str, Any]:
    """Return what a Heroku-like platform sets; one that sets PORT wants to reach us from outside."""
    found = {name: os.environ[name.upper()] for name in ("port", "database_url") if os.environ.get(name.upper())}
    return found | ({"host": "0.0.0.0"} if "port" in found else {})  # noqa: S104 - its router is outside


def _refuse_unknown_names(environment: Mapping[str, str | None]) -> None:
    known = [name.upper() for name in Settings.model_fields]
    for name in environment:
        own = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or own in known or name.upper().startswith((*FOR_TESTS, FOR_PACKS)):
            continue
        near = difflib.get_close_matches(own, known, 1)
        raise SettingsError(
            f"{name} is not a setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else ": remove it")
        )


def _line(detail: Mapping[str, Any]) -> str:
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message.replace("Input should be", "must be").partition(", unable to")[0]
    return f"{PREFIX}{detail['loc'][0]} ".upper() + message if detail["loc"] else message


def _kept_key(folder: Path) -> str:
    """Return the key in `folder`, made on the first start; a process that starts at the same time gets the same."""
    path = folder / "secret.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _put_once(path, secrets.token_urlsafe(SHORTEST_KEY))
        return path.read_text()
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR cannot keep the secret key: {error.strerror} ({path})") from None


def _put_once(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner alone; one that is there already counts."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
