"""What a page and the server say to each other over the WebSocket, and how that becomes our nouns and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bot.channels.browser import ACCOUNT
from bot.messages import Attachment, Inbound, Link, MediaKind, Option, Outbound, Place
from web.files import file_url

if TYPE_CHECKING:
    from storage.history import Line, Picture, Pictures
    from web.sign import Signer

MOST_TEXT = 4096
MOST_FILES = 10
# A frame: MOST_TEXT characters of four bytes, the refs of ten uploads, and air.
MOST_FRAME = 32_768

Id = Annotated[str, Meta(pattern=r"^[0-9a-f-]{16,64}$")]


class Pin(Struct):
    """A place as the page marks it: WGS84 degrees; `accuracy` in metres when the device claims one."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    source: Literal["pin", "device", "coordinates"] = "pin"


class Sent(Struct):
    """An upload that a message names, with the type the browser claims for it."""

    ref: Annotated[str, Meta(max_length=100)]
    mime: Annotated[str, Meta(max_length=100)] = ""


class FromPage(Struct, kw_only=True):
    """One message from a phone. `id` is the page's own, the same however often it is sent again.

    A tap is `on` the line whose button it was.
    """

    id: Id
    text: Annotated[str, Meta(max_length=MOST_TEXT)] = ""
    tap: Annotated[str, Meta(max_length=64)] = ""
    label: Annotated[str, Meta(max_length=300)] = ""
    place: Pin | None = None
    uploads: Annotated[list[Sent], Meta(max_length=MOST_FILES)] = []
    reply_to: Annotated[str, Meta(max_length=64)] = ""
    on: Annotated[str, Meta(max_length=64)] = ""


class ShownFile(Struct, omit_defaults=True):
    """A file in a bubble; `url` is "" until it is kept, or when it could not be."""

    kind: str
    status: str
    url: str = ""
    thumbnail: str = ""
    mime: str = ""
    width: int = 0
    height: int = 0


class ShownLine(Struct, omit_defaults=True, rename="camel"):
    """One line as the page shows it. `id` is what another line's `reply_to` may name besides the key.

    One that was `edited` takes the place of the line with its key, and leaves nothing of it.
    """

    key: str
    at: float
    mine: bool
    id: str = ""
    text: str = ""
    options: tuple[Option, ...] = ()
    columns: int = 1
    wants: str = ""
    place: Place | None = None
    link: Link | None = None
    files: tuple[ShownFile, ...] = ()
    reply_to: str = ""
    silent: bool = False
    edited: bool = False


class ToPage(Struct, omit_defaults=True):
    """One frame to a page: new lines, or what became of a message it sent.

    `ack`: stored for good, `told` what is said to it in passing. `slow` and `later`: send it again after so many
    seconds, because it came too fast or because we cannot store it now. `refused`: never send it again.
    """

    lines: tuple[ShownLine, ...] | UnsetType = UNSET
    cursor: str = ""
    fresh: bool = False
    ack: str = ""
    slow: str = ""
    later: str = ""
    after: float = 0.0
    refused: str = ""
    told: str = ""


def read_message(frame: str) -> FromPage | None:
    """The message in a frame, None when it is none."""
    try:
        said = msgspec.json.decode(frame, type=FromPage)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    numbers = (said.place.lat, said.place.lon) if said.place else ()
    return said if all(math.isfinite(number) for number in numbers) else None


def read_uploads(said: FromPage, address: str, signer: Signer) -> tuple[Attachment, ...] | None:
    """The attachments that a message names; None when one was not uploaded by this very phone."""
    found = []
    for sent in said.uploads:
        name, _, signature = sent.ref.partition(".")
        if not signer.agrees("upload", f"{address}/{name}", signature):
            return None
        found.append(Attachment(kind=kind_of(sent.mime), ref=name, mime=sent.mime))
    return tuple(found)


def kind_of(mime: str) -> MediaKind:
    """What a file claims to be, in our words."""
    kinds: dict[str, MediaKind] = {"image": "photo", "video": "video", "audio": "voice"}
    return kinds.get(mime.partition("/")[0], "document")


def to_inbound(
    said: FromPage,
    *,
    contact: str,
    address: str,
    attachments: tuple[Attachment, ...],
    reply_to: str,
    language: str,
    now: float,
    network: str = "",
) -> Inbound:
    """The message as every channel's: its key is the address and the page's id, so sending it again changes nothing."""
    pin = said.place
    return Inbound(
        account=ACCOUNT,
        key=f"{address}:{said.id}",
        address=address,
        sender=contact,
        at=now,
        text=said.text,
        captioned=bool(attachments and said.text),
        tapped=said.tap,
        place=Place(lat=pin.lat, lon=pin.lon, accuracy=pin.accuracy, source=pin.source) if pin else None,
        attachments=attachments,
        reply_to=reply_to,
        message=said.id,
        language=language,
        # What the tapped button said: history shows it, the machine reads `tapped`.
        data={"label": said.label} if said.label else {},
        network=network,
    )


def show_line(line: Line, pictures: Pictures, signer: Signer, now: float) -> ShownLine:
    """A line of the history as the page shows it, its files under addresses that are good for a while."""
    files = tuple(_show_file(picture, signer, now) for picture in pictures.of(line))
    if isinstance(line.what, Inbound):
        return _show_own(line, line.what, files)
    return msgspec.structs.replace(_show_bots(line, line.what, files), edited=line.edited)


def _show_own(line: Line, what: Inbound, files: tuple[ShownFile, ...]) -> ShownLine:
    label = str(what.data.get("label", "")) or what.tapped
    return ShownLine(
        key=line.key,
        at=line.at,
        mine=True,
        text=what.text or label,
        place=what.place,
        files=files,
        # That of a tap is the line that its button was on.
        reply_to="" if what.tapped else what.reply_to,
    )


def _show_bots(line: Line, what: Outbound, files: tuple[ShownFile, ...]) -> ShownLine:
    return ShownLine(
        key=line.key,
        at=line.at,
        mine=False,
        id=line.provider_id,
        text=what.text,
        # Sharing a position has its own buttons beside the composer; a contact to share there is none.
        options=tuple(option for option in what.options if not option.tap.startswith("@")),
        columns=what.columns,
        wants=what.wants,
        place=None if what.on_demand else what.place,
        link=what.link,
        files=() if what.on_demand else files,
        reply_to=what.reply_to,
        silent=what.silent,
    )


def _show_file(picture: Picture | None, signer: Signer, now: float) -> ShownFile:
    if picture is None:
        return ShownFile(kind="photo", status="gone")
    if picture.status != "kept":
        return ShownFile(kind=picture.kind, status=picture.status)
    return ShownFile(
        kind=picture.kind,
        status="kept",
        url=file_url(signer, picture.key, now),
        thumbnail=file_url(signer, picture.thumbnail, now) if picture.thumbnail else "",
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
    )
