"""What a file really is, by its first bytes, and what becomes of it: prepared to be kept, or refused.

What a phone or a provider claims about a file is never believed. Imports nothing heavy: the whole bot may.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bot.messages import MediaKind, Place

# Telegram hands no bot more than 20 MB; the other channels get the same, so that one rule can be told to everyone.
MAX_BYTES = 20 * 1024 * 1024

Refusal = Literal[
    "media-too-large",
    "media-not-a-picture",
    "media-broken",
    "media-too-many-pixels",
    "media-unsupported",
    "media-is-contact",
]


class Prepared(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file ready to be kept and shown to others: nothing in it tells who made it or where.

    `kind` is what the file really is; a picture is always a JPEG, with `thumbnail` (a JPEG too), `width` and
    `height` in pixels; a video or a voice note keeps its format and has none of the three (None, 0, 0). `place` is the
    position that the camera had written into the picture.
    """

    kind: MediaKind
    mime: str
    data: bytes
    thumbnail: bytes | None = None
    width: int = 0
    height: int = 0
    place: Place | None = None


class Refused(Struct, frozen=True):
    """A file that cannot be kept; `reason` is the key of the message that says so."""

    reason: Refusal


class Unusable(Exception):
    """Raised deep inside a file that cannot be used; becomes `Refused` with the same reason."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR\n", "audio/amr"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xfa", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
)

# Major brands of ISO base media files (mp4ra.org); every other one is taken for MP4 and proves itself by its boxes.
_BRANDS: dict[bytes, str] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}

# QuickTime files older than the `ftyp` box begin with one of these.
_QUICKTIME_BOXES = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip"))

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}

EXTENSIONS: dict[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "audio/mp4": "m4a",
    "audio/3gpp": "3ga",
    "audio/webm": "weba",
    "audio/x-matroska": "mka",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/wav": "wav",
}


def sniff(data: bytes) -> str:
    """Tell the MIME type that the first bytes show, or "" when they show none that we know."""
    for start, mime in _STARTS:
        if data.startswith(start):
            return mime
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        return _sniff_brand(data[8:12])
    return "video/quicktime" if data[4:8] in _QUICKTIME_BOXES else ""


def _sniff_brand(brand: bytes) -> str:
    if brand.startswith((b"3gp", b"3g2")):
        return "video/3gpp"
    return _BRANDS.get(brand, "video/mp4")
