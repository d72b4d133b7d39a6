"""WebM and Matroska: elements within elements (RFC 8794, RFC 9559), recorded by browsers.

As in MP4 nothing may move, because cues point at offsets: what must go becomes a Void element of the same length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from storage.formats import Prepared, Unusable

EBML, SEGMENT, CLUSTER, TRACKS, TRACK, TRACK_TYPE = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x83
DOC_TYPE, VOID = 0x4282, 0xEC
SEEK_HEAD, INFO, CUES = 0x114D9B74, 0x1549A966, 0x1C53BB6B
CHAPTERS, ATTACHMENTS, TAGS = 0x1043A770, 0x1941A469, 0x1254C367

TIMESTAMP_SCALE, DURATION, MUXING_APP, WRITING_APP = 0x2AD7B1, 0x4489, 0x4D80, 0x5741

_STAYS = frozenset((SEEK_HEAD, INFO, TRACKS, CLUSTER, CUES))
_TOP = _STAYS | {CHAPTERS, ATTACHMENTS, TAGS}
_INFO_STAYS = frozenset((TIMESTAMP_SCALE, DURATION, MUXING_APP, WRITING_APP))
_VIDEO, _AUDIO = 1, 2


@dataclass(frozen=True)
class Element:
    """One element: `start` of its id, `body` after its size, `end` after its last byte, as offsets in the file."""

    id: int
    start: int
    body: int
    end: int


def clean(data: bytes, mime: str) -> Prepared:
    """Blank tags, attachments, chapters, title and padding in place, and drop what follows the segment."""
    file = bytearray(data)
    header, segment = _read_outermost(file)
    del file[segment.end :]
    parts = list(_read_elements(file, segment.body, segment.end))
    types = {kind for part in parts if part.id == TRACKS for kind in _read_track_types(file, part)}
    if not types or not any(part.id == CLUSTER for part in parts):
        raise Unusable("media-broken")
    if not types <= {_VIDEO, _AUDIO}:
        raise Unusable("media-unsupported")  # subtitles and data tracks may hold positions among the frames
    info = [field for part in parts if part.id == INFO for field in _read_elements(file, part.body, part.end)]
    gone = [part for part in parts if part.id not in _STAYS] + [field for field in info if field.id not in _INFO_STAYS]
    for unwanted in gone:
        _blank(file, unwanted)
    form = "webm" if _read_doc_type(file, header) == b"webm" else "x-matroska"
    video = _VIDEO in types
    return Prepared(
        kind="video" if video else "voice", mime=f"video/{form}" if video else f"audio/{form}", data=bytes(file)
    )


def _read_outermost(file: bytearray) -> tuple[Element, Element]:
    header = _read_element(file, 0, len(file))
    segment = _read_element(file, header.end, len(file))
    if header.id != EBML or segment.id != SEGMENT:
        raise Unusable("media-broken")
    return header, segment


def _read_elements(file: bytearray, at: int, limit: int) -> Iterator[Element]:
    """Read the elements one after the other; the last may break off where the file does."""
    while at < limit:
        element = _read_element(file, at, limit)
        yield element
        at = element.end


def _read_element(file: bytearray, at: int, limit: int) -> Element:
    """Read one header; a size of all ones is that of a live recording's segment or cluster, unknown when it began."""
    id_width = 9 - file[at].bit_length()
    size_width = 9 - file[at + id_width].bit_length()
    body = at + id_width + size_width
    if id_width > 4 or size_width > 8 or body > limit:
        raise Unusable("media-broken")
    number = int.from_bytes(file[at : at + id_width], "big")
    unknown = (1 << 7 * size_width) - 1
    size = int.from_bytes(file[at + id_width : body], "big") & unknown
    if size != unknown:
        return Element(number, at, body, min(body + size, limit))
    if number not in (SEGMENT, CLUSTER):
        raise Unusable("media-broken")
    return Element(number, at, body, limit if number == SEGMENT else _find_next_part(file, body, limit))


def _find_next_part(file: bytearray, at: int, limit: int) -> int:
    """Skip over a cluster's children to the first element that belongs beside it."""
    while at < limit:
        if file[at] & 0xF0 == 0x10 and int.from_bytes(file[at : at + 4], "big") in _TOP:
            return at
        at = _read_element(file, at, limit).end
    return limit


def _read_track_types(file: bytearray, tracks: Element) -> Iterator[int]:
    for track in _read_elements(file, tracks.body, tracks.end):
        if track.id == TRACK:
            for field in _read_elements(file, track.body, track.end):
                if field.id == TRACK_TYPE:
                    yield int.from_bytes(file[field.body : field.end], "big")


def _read_doc_type(file: bytearray, header: Element) -> bytes:
    fields = _read_elements(file, header.body, header.end)
    return next((bytes(file[field.body : field.end]) for field in fields if field.id == DOC_TYPE), b"")


def _blank(file: bytearray, element: Element) -> None:
    """Turn the element into a Void of the same length, its size written in as many bytes as the old header leaves."""
    length = element.end - element.start
    width = min(element.body - element.start - 1, 8)
    size = length - 1 - width
    if width == 0 or size < 0 or size >= (1 << 7 * width) - 1:
        raise Unusable("media-broken")
    header = bytes([VOID]) + (size | 1 << 7 * width).to_bytes(width, "big")
    file[element.start : element.end] = header + bytes(size)
