"""What a webhook of Twilio's says, in our nouns: pure functions of its form's parameters.

Twilio adds parameters without notice: what is not read here is kept as it came, in `Inbound.data`. No profile's name
is kept anywhere. Source of the names: Twilio's pages on incoming messages, for SMS and for WhatsApp.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from bot.messages import Attachment, Inbound, InboundKind, MediaKind, Place

Way = Literal["sms", "whatsapp"]
Given = Mapping[str, str]

WHATSAPP = "whatsapp:"
# WhatsApp brings several photos as messages of their own and never says that they belong together.
BURST = "burst"
MOST_FILES = 10  # Twilio's limit for one message
# Of parameters that nobody here knows, in characters.
MOST_UNKNOWN = 4000
# A provider's own JSON is shallow; what is deep enough to exhaust a reader has more of these.
MOST_BRACKETS = 200

_WORDS = re.compile(r"\w+").findall
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
# A BSUID names somebody on WhatsApp who shows no number: "AR." and letters and digits.
_BSUID = re.compile(r"[A-Z]{2}\.\w{1,128}")
_OPT_OUT: dict[str, InboundKind] = {"STOP": "opted_out", "START": "opted_in"}
_FAMILIES: dict[str, MediaKind] = {"image": "photo", "video": "video", "audio": "voice"}
# What the country of a phone number lets guess, where it has one language that we speak.
_SPANISH = frozenset(_WORDS("AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE"))
_PORTUGUESE = frozenset(_WORDS("AO BR CV MZ PT"))
# Read here, or saying nothing but what Twilio did with it; where a number is from tells more of her than we need.
_KNOWN = frozenset(
    _WORDS(
        """
        AccountSid Address ApiVersion Body ButtonPayload ButtonText From FromCity FromCountry FromState
        FromZip Label Latitude ListId ListTitle Longitude MessageSid MessagingServiceSid NumMedia
        NumSegments OptOutType OriginalRepliedMessageSender OriginalRepliedMessageSid ProfileName
        SmsMessageSid SmsSid SmsStatus To ToCity ToCountry ToState ToZip WaId
        """
    )
)
_MEDIA = re.compile(r"Media(Url|ContentType)\d+")
# Also inside of what comes as JSON.
_PERSONAL = frozenset({"profilename", "profile", "waid", "wa_id", "from", "username"})
_PICKS = frozenset({"list_reply", "button_reply", "listreply", "buttonreply"})


class Unparsable(Exception):
    """A webhook that is no message to us; `key` is its MessageSid, "" without one. `reason` names nobody."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def parse(given: Given, way: Way, account: str, now: float) -> Inbound | None:
    """The message in a webhook's parameters, None where none is wanted: a HELP that Twilio has answered by itself.

    `now` is when it reached us, in Unix seconds, because Twilio names no time. Raises Unparsable.
    """
    sid = sid_of(given)
    if not sid:
        raise Unparsable("", "no MessageSid")
    if (address := _address(given, way)) is None:
        raise Unparsable(sid, f"a sender that no {way} reaches")
    opt_out = given.get("OptOutType", "").upper()
    if opt_out == "HELP":
        return None
    attachments, place, pick = _attachments(given), _place(given), _pick(given)
    return Inbound(
        account=account,
        key=sid,
        address=address,
        kind=_OPT_OUT.get(opt_out, "message"),
        sender=address,
        at=now,
        text=given.get("Body") or pick["label"],
        captioned=bool(attachments and given.get("Body", "").strip()),
        tapped=pick["id"],
        place=place,
        attachments=attachments,
        reply_to=given.get("OriginalRepliedMessageSid", ""),
        message=sid,
        group=BURST if attachments else "",
        language=_language(given) if way == "sms" else "",
        data=_unknown(given),
    )


def sid_of(given: Given) -> str:
    """The message's id, the same through all redeliveries; "" when there is none."""
    found = (given.get(name, "") for name in ("MessageSid", "SmsMessageSid", "SmsSid"))
    return next((sid for sid in found if _SID.fullmatch(sid)), "")


def way_of(given: Given) -> Way:
    """Over which of the two it came, whichever address it was brought to."""
    return "whatsapp" if any(given.get(name, "").startswith(WHATSAPP) for name in ("From", "To")) else "sms"


def kind_of(mime: str) -> MediaKind:
    """What a claimed content type is to us: a sticker is a picture, a voice note a voice, a contact a document."""
    family, _, name = mime.lower().partition("/")
    return "document" if name.startswith("svg") else _FAMILIES.get(family, "document")


def _address(given: Given, way: Way) -> str | None:
    """Who writes: a number, or a BSUID where WhatsApp shows none. A carrier's own "2255" or "Claro" is nobody."""
    named = given.get("From", "").strip()
    if way == "sms":
        return named if _PHONE.fullmatch(named) else None
    named = named.removeprefix(WHATSAPP) or given.get("ExternalUserId", "").strip().removeprefix(WHATSAPP)
    return named if _PHONE.fullmatch(named) or _BSUID.fullmatch(named) else None


def _place(given: Given) -> Place | None:
    """A pin or a venue; only its words where the numbers make no sense."""
    parts = [given.get(name, "").strip() for name in ("Label", "Address")]
    words = ", ".join(dict.fromkeys(part for part in parts if part))
    try:
        lat, lon = float(given.get("Latitude", "")), float(given.get("Longitude", ""))
    except ValueError:
        return Place(words=words) if words else None
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        return Place(words=words) if words else None
    return Place(lat=lat, lon=lon, words=words, source="venue" if words else "pin")


def _attachments(given: Given) -> tuple[Attachment, ...]:
    found = []
    for number in range(MOST_FILES):
        if not (url := given.get(f"MediaUrl{number}", "")):
            break
        mime = given.get(f"MediaContentType{number}", "").partition(";")[0].strip()
        found.append(Attachment(kind_of(mime), url, mime=mime))
    return tuple(found)


def _pick(given: Given) -> dict[str, str]:
    """The id and the label of what was tapped, wherever Twilio puts it; both "" when nothing was.

    Which parameters a list pick brings is documented nowhere: all that were ever seen are looked at.
    """
    picked = given.get("ButtonPayload") or given.get("ListId") or ""
    label = given.get("ButtonText") or given.get("ListTitle") or ""
    if not picked:
        for name in ("InteractiveData", "ChannelMetadata"):
            for reply in _replies(_json(given.get(name, ""))):
                return {"id": str(reply.get("id", "")), "label": label or str(reply.get("title", ""))}
    return {"id": picked, "label": label}


def _replies(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.lower() in _PICKS and isinstance(inner, dict) and inner.get("id"):
                yield inner
            yield from _replies(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _replies(inner)


def _language(given: Given) -> str:
    country = given.get("FromCountry", "").upper()
    return "es" if country in _SPANISH else "pt" if country in _PORTUGUESE else ""


def _unknown(given: Given) -> dict[str, object]:
    """What nobody here has read, as it came, and without anybody's name."""
    kept: dict[str, object] = {}
    room = MOST_UNKNOWN
    for name, value in given.items():
        if name in _KNOWN or name in kept or _MEDIA.fullmatch(name) or not value:
            continue
        room -= len(name) + len(value)
        if room < 0:
            break
        kept[name] = value if (inner := _json(value)) is None else _nameless(inner)
    return kept


def _nameless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _nameless(inner) for name, inner in value.items() if name.lower() not in _PERSONAL}
    return [_nameless(inner) for inner in value] if isinstance(value, list) else value


def _json(text: str) -> Any:
    """An object or a list that came as text, None for anything else."""
    if not text.startswith(("{", "[")) or text.count("{") + text.count("[") > MOST_BRACKETS:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return None
