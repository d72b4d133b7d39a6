"""Ogg with Opus, Vorbis or Speex inside (RFC 3533, RFC 7845): the voice notes of Telegram and WhatsApp.

The second packet of each stream holds free comments (title, place, device, even a cover picture). They are blanked
in place and the pages' checksums made anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from storage.formats import Prepared, Unusable

# By the first packet's beginning, what precedes the comments in the second one.
_CODECS: dict[bytes, bytes] = {b"OpusHead": b"OpusTags", b"\x01vorbis": b"\x03vorbis", b"Speex   ": b""}


@dataclass
class Page:
    """One page: offsets of `start`, `body` and `end`, the `serial` of its stream and the lengths of its segments."""

    start: int
    body: int
    end: int
    serial: int
    lacing: bytes


def clean(data: bytes, _mime: str) -> Prepared:
    """Empty the comments of every stream and drop what is no page."""
    file = bytearray(data)
    pages = list(_read_pages(file))
    del file[pages[-1].end if pages else 0 :]
    for serial in {page.serial for page in pages}:
        _clean_stream(file, [page for page in pages if page.serial == serial])
    if not pages:
        raise Unusable("media-broken")
    return Prepared(kind="voice", mime="audio/ogg", data=bytes(file))


def _read_pages(file: bytearray) -> Iterator[Page]:
    at = 0
    while file[at : at + 4] == b"OggS" and at + 27 <= len(file):
        count = file[at + 26]
        lacing = bytes(file[at + 27 : at + 27 + count])
        body = at + 27 + count
        end = body + sum(lacing)
        if len(lacing) < count or end > len(file):
            return
        yield Page(at, body, end, int.from_bytes(file[at + 14 : at + 18], "little"), lacing)
        at = end


def _clean_stream(file: bytearray, pages: list[Page]) -> None:
    """Blank the comments in the second packet, wherever its pieces lie."""
    packets = _read_packets(pages)
    head, pieces = next(packets, []), next(packets, [])
    start = b"".join(file[begin:end] for begin, end in head)
    prefix = next((prefix for codec, prefix in _CODECS.items() if start.startswith(codec)), None)
    if prefix is None:
        raise Unusable("media-unsupported")
    packet = _blank_comments(b"".join(file[begin:end] for begin, end in pieces), prefix)
    for begin, end in pieces:
        file[begin:end] = packet[: end - begin]
        packet = packet[end - begin :]
    for page in pages:
        if any(page.start < begin < page.end for begin, _ in pieces):
            _sign(file, page)


def _read_packets(pages: list[Page]) -> Iterator[list[tuple[int, int]]]:
    """Yield each packet as the pieces of the file that make it up; a segment shorter than 255 bytes ends one."""
    pieces: list[tuple[int, int]] = []
    for page in pages:
        at = page.body
        for length in page.lacing:
            pieces.append((at, at + length))
            at += length
            if length < 255:
                yield pieces
                pieces = []


def _blank_comments(packet: bytes, prefix: bytes) -> bytes:
    """Keep the codec's prefix and the vendor, say that there are no comments, and fill up with zeros."""
    (vendor,) = struct.unpack_from("<I", packet, len(prefix))
    at = len(prefix) + 4 + vendor
    if not packet.startswith(prefix) or at + 4 > len(packet):
        raise Unusable("media-broken")
    framing = b"\x01" if prefix == b"\x03vorbis" else b""
    kept = packet[:at] + bytes(4) + framing
    return kept + bytes(len(packet) - len(kept))


def _sign(file: bytearray, page: Page) -> None:
    """Write the page's checksum, computed with its own field as zero (RFC 3533, section 6)."""
    file[page.start + 22 : page.start + 26] = bytes(4)
    checksum = 0
    for byte in file[page.start : page.end]:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ _TABLE[checksum >> 24 ^ byte]
    file[page.start + 22 : page.start + 26] = checksum.to_bytes(4, "little")


def _make_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_TABLE = tuple(_make_entry(value) for value in range(256))
