"""MP4, QuickTime and 3GP: boxes within boxes (ISO/IEC 14496-12, QuickTime File Format).

Sound and picture are found by absolute offsets, so nothing may move: a box that must go becomes `free` and its
content zeros. The list names what stays; phones keep inventing boxes that tell too much.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from storage.formats import Prepared, Unusable

# What is needed to play, by parent. Gone are, among others: `udta` (position, make, model, owner), `meta` (the same,
# Apple's way), `uuid` (XMP), and `free` and `skip`, in which some dashcams hide their track.
_STAYS: dict[bytes, frozenset[bytes]] = {
    b"": frozenset((b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"pdin")),
    b"moov": frozenset((b"mvhd", b"trak", b"mvex")),
    b"trak": frozenset((b"tkhd", b"tapt", b"edts", b"tref", b"mdia")),
    b"mdia": frozenset((b"mdhd", b"hdlr", b"elng", b"minf")),
    b"minf": frozenset((b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl")),
    b"moof": frozenset((b"mfhd", b"traf")),
    b"traf": frozenset((b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs")),
}


@dataclass(frozen=True)
class Box:
    """One box: `start` of its header, `body` after the header, `end` after its last byte, as offsets in the file."""

    kind: bytes
    start: int
    body: int
    end: int


def clean(data: bytes, mime: str) -> Prepared:
    """Blank everything but sound and picture, in place, and drop what follows the last box."""
    file = bytearray(data)
    boxes = list(_read_top(file))
    del file[boxes[-1].end if boxes else 0 :]
    _keep_only(file, boxes, b"")
    tracks = _blank_data_tracks(file, boxes)
    if not tracks or not any(box.kind in (b"mdat", b"moof") for box in boxes):
        raise Unusable("media-broken")
    if b"vide" in tracks:
        return Prepared(kind="video", mime=mime.replace("audio/", "video/"), data=bytes(file))
    return Prepared(kind="voice", mime="audio/3gpp" if mime == "video/3gpp" else "audio/mp4", data=bytes(file))


def _read_top(file: bytearray) -> Iterator[Box]:
    """Read the outermost boxes as far as they are boxes; a film that breaks off keeps what has arrived."""
    at = 0
    while at + 8 <= len(file):
        try:
            box = _read_box(file, at, len(file))
        except Unusable:
            return
        yield box
        at = box.end


def _read_boxes(file: bytearray, parent: Box) -> Iterator[Box]:
    at = parent.body
    while at + 8 <= parent.end:
        box = _read_box(file, at, parent.end)
        yield box
        at = box.end


def _read_box(file: bytearray, at: int, limit: int) -> Box:
    """Read one header: 32-bit size and type; size 1 means that 64 bits of size follow, size 0 "to the end"."""
    size, kind = struct.unpack_from(">I4s", file, at)
    body = at + 8
    if size == 1:
        (size,) = struct.unpack_from(">Q", file, body)
        body += 8
    end = limit if size == 0 or (kind == b"mdat" and at + size > limit) else at + size
    if end < body or end > limit:
        raise Unusable("media-broken")
    return Box(kind, at, body, end)


def _keep_only(file: bytearray, boxes: list[Box], parent: bytes) -> None:
    for box in boxes:
        if box.kind not in _STAYS[parent]:
            _blank(file, box)
        elif box.kind in _STAYS:
            _keep_only(file, list(_read_boxes(file, box)), box.kind)


def _blank(file: bytearray, box: Box) -> None:
    file[box.start + 4 : box.start + 8] = b"free"
    file[box.body : box.end] = bytes(box.end - box.body)


def _blank_data_tracks(file: bytearray, boxes: list[Box]) -> set[bytes]:
    """Blank the tracks that are neither sound nor picture, samples included, and tell which of the two there are.

    Action cameras and drones write a position per second into such a track, as data or as subtitles.
    """
    movies = [box for box in boxes if box.kind == b"moov"]
    tracks = [box for movie in movies for box in _read_boxes(file, movie) if box.kind == b"trak"]
    handlers = [_read_handler(file, track) for track in tracks]
    for track, handler in zip(tracks, handlers, strict=True):
        if handler not in (b"vide", b"soun"):
            if any(box.kind == b"moof" for box in boxes):
                raise Unusable("media-unsupported")  # its samples are scattered over the fragments
            _blank_samples(file, track)
            _blank(file, track)
    return {handler for handler in handlers if handler in (b"vide", b"soun")}


def _blank_samples(file: bytearray, track: Box) -> None:
    for start, end in list(_find_samples(file, track)):
        end = min(end, len(file))
        file[start:end] = bytes(max(0, end - start))


def _find(file: bytearray, parent: Box, *path: bytes) -> Box | None:
    """Follow the first box of each kind down from the parent."""
    found: Box | None = parent
    for kind in path:
        found = next((box for box in _read_boxes(file, found) if box.kind == kind), None) if found else None
    return found


def _read_handler(file: bytearray, track: Box) -> bytes:
    box = _find(file, track, b"mdia", b"hdlr")
    return bytes(file[box.body + 8 : box.body + 12]) if box else b""


def _find_samples(file: bytearray, track: Box) -> Iterator[tuple[int, int]]:
    """Yield where the track's chunks of samples lie in the file, from its tables of chunks and sizes."""
    table = _find(file, track, b"mdia", b"minf", b"stbl")
    if table is None:
        return
    offsets = [*_read_numbers(file, table, b"stco", "I"), *_read_numbers(file, table, b"co64", "Q")]
    runs = _read_numbers(file, table, b"stsc", "I")
    fixed, sizes = _read_sizes(file, table)
    run = sample = 0
    for number, offset in enumerate(offsets, 1):
        while 3 * (run + 1) < len(runs) and runs[3 * (run + 1)] <= number:
            run += 1
        count = runs[3 * run + 1]
        yield offset, offset + (fixed * count or sum(sizes[sample : sample + count]))
        sample += count


def _read_numbers(file: bytearray, table: Box, kind: bytes, form: str) -> tuple[int, ...]:
    """Read the numbers of a table: four bytes of version and flags, four of count, then the numbers."""
    box = _find(file, table, kind)
    if box is None:
        return ()
    count = (box.end - box.body - 8) // struct.calcsize(f">{form}")
    return struct.unpack_from(f">{count}{form}", file, box.body + 8)


def _read_sizes(file: bytearray, table: Box) -> tuple[int, tuple[int, ...]]:
    """Read the size that all samples share (or 0) and the size of each."""
    box = _find(file, table, b"stsz")
    if box is None:
        raise Unusable("media-unsupported")  # compact sizes (stz2) are hardly met: refused before half blanked
    (fixed,) = struct.unpack_from(">I", file, box.body + 4)
    return fixed, _read_numbers(file, table, b"stsz", "I")[1:]
