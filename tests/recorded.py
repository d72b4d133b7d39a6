"""Recordings made by hand, box by box and page by page, with secrets in every place that can hold one."""

from __future__ import annotations

import struct
from itertools import accumulate

from bot.messages import MediaKind
from storage.formats import Prepared, Refused
from storage.workbench import prepare_here

POSITION = b"-34.6036-058.3816/"
FRAMES = {"video": [b"picture one ", b"picture two!", b"picture 3"], "sound": [b"la", b"la la"]}
TRACK = [b"SecretPosition 1", b"SecretPosition 22"]


def prepare(data: bytes, kind: MediaKind = "document") -> Prepared:
    made = prepare_here(data, kind)
    assert isinstance(made, Prepared), made
    return made


def refuse(data: bytes, kind: MediaKind = "document") -> str:
    made = prepare_here(data, kind)
    assert isinstance(made, Refused), made
    return made.reason


def tells_nothing(data: bytes) -> bool:
    return b"Secret" not in data and POSITION not in data


# --- MP4, made by hand


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def table(kind: bytes, *numbers: int, form: str = "I") -> bytes:
    return box(kind, bytes(4), struct.pack(">I", len(numbers)), struct.pack(f">{len(numbers)}{form}", *numbers))


def make_track(handler: bytes, samples: list[bytes], offsets: list[int], *more: bytes) -> bytes:
    """Make a track of one sample to a chunk."""
    sizes = [len(sample) for sample in samples]
    stbl = box(
        b"stbl",
        box(b"stsd", bytes(8)),
        box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 1, 1)),
        box(b"stsz", bytes(8), struct.pack(f">I{len(sizes)}I", len(sizes), *sizes)),
        table(b"stco", *offsets),
    )
    mdia = box(b"mdia", box(b"mdhd", bytes(24)), box(b"hdlr", bytes(8), handler, bytes(13)), box(b"minf", stbl))
    return box(b"trak", box(b"tkhd", bytes(84)), mdia, *more)


TALK = (
    box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(POSITION), 0x15C7), POSITION), box(b"\xa9mod", b"SecretPhone")),
    box(b"meta", box(b"keys", b"com.apple.quicktime.location.ISO6709"), box(b"ilst", POSITION, b"SecretMaker")),
    box(b"uuid", b"0123456789abcdef", b"<x:xmpmeta>SecretXmp</x:xmpmeta>"),
    box(b"free", b"SecretLeftover"),
)


def make_movie(
    *tracks: tuple[bytes, list[bytes]], brand: bytes = b"isom", inside: tuple[bytes, ...] = (), wide: bool = False
) -> bytes:
    """Make an MP4 of these tracks whose samples lie one behind the other in `mdat`, which comes first."""
    start = box(b"ftyp", brand, bytes(4))
    samples = [sample for _, some in tracks for sample in some]
    content = b"".join(samples)
    header = struct.pack(">I4sQ", 1, b"mdat", 16 + len(content)) if wide else box(b"mdat", content)[:8]
    places = list(accumulate(map(len, samples), initial=len(start) + len(header)))
    traks, first = [], 0
    for handler, some in tracks:
        traks.append(make_track(handler, some, places[first : first + len(some)], *inside))
        first += len(some)
    return start + header + content + box(b"moov", box(b"mvhd", bytes(100)), *traks, *inside)


PICTURES, SOUND = (b"vide", FRAMES["video"]), (b"soun", FRAMES["sound"])


# --- WebM, made by hand

UNKNOWN = b"\x01" + b"\xff" * 7


def element(number: int, *parts: bytes, size: bytes | None = None) -> bytes:
    body = b"".join(parts)
    mark = size or (len(body) | 1 << 28).to_bytes(4, "big")
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + mark + body


def make_webm(
    *types: int, live: bool = False, doc: bytes = b"webm", more: tuple[bytes, ...] = (), told: tuple[bytes, ...] = ()
) -> bytes:
    """Make a WebM with tracks of these types (1 video, 2 audio), as a file or as a live recording."""
    size = UNKNOWN if live else None
    tracks = element(0x1654AE6B, *(element(0xAE, element(0xD7, b"\1"), element(0x83, bytes([kind]))) for kind in types))
    cluster = element(0x1F43B675, element(0xE7, b"\0"), element(0xA3, b"\x81\0\0\x80frame"), size=size)
    header = element(0x1A45DFA3, element(0x4282, doc))
    return header + element(
        0x18538067,
        element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40"), *told),
        tracks,
        cluster,
        *more,
        cluster,
        size=size,
    )


WEBM_TALK = (
    element(0x1254C367, element(0x7373, b"LOCATION SecretPlace")),
    element(0x1941A469, element(0x61A7, b"SecretCover")),
    element(0x1043A770, b"SecretChapter"),
    element(0xEC, b"SecretLeftover"),
)


# --- Ogg, made by hand


def checksum(data: bytes) -> int:
    """Compute the checksum of RFC 3533 bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if value & 0x80000000 else value << 1
    return value


def page(number: int, lacing: list[int], body: bytes, serial: int = 7) -> bytes:
    head = b"OggS\0\0" + bytes(8) + struct.pack("<III", serial, number, 0) + bytes([len(lacing), *lacing])
    return head[:22] + struct.pack("<I", checksum(head + body)) + head[26:] + body


def lace(*packets: bytes) -> list[int]:
    return [length for packet in packets for length in [255] * (len(packet) // 255) + [len(packet) % 255]]


def make_comments(prefix: bytes, *comments: bytes, end: bytes = b"") -> bytes:
    packed = b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)
    return prefix + struct.pack("<I", 6) + b"vendor" + struct.pack("<I", len(comments)) + packed + end


COMMENTS = (b"LOCATION=SecretPlace " + POSITION, b"ARTIST=Secret Person")
OPUS = b"OpusHead\1\1" + bytes(9)


def make_voice(head: bytes = OPUS, tags: bytes = make_comments(b"OpusTags", *COMMENTS), rest: bytes = b"") -> bytes:
    packets = [tags, rest] if rest else [tags]
    first, second = page(0, lace(head), head), page(1, lace(*packets), b"".join(packets))
    return first + second + page(2, [5], b"voice")


# --- MP3, AAC, AMR and WAV, made by hand

MP3_FRAME = b"\xff\xfb\x90\x00" + b"\x55" * 413  # MPEG 1 layer III, 128 kbit/s, 44,100 Hz: 417 bytes
AAC_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\x55" * 9  # 16 bytes
ID3 = b"ID3\x04\0\0" + bytes([0, 0, 1, 5]) + b"SecretTitle" + b"\xff\xfb\x90\0" + bytes(118)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def make_wav(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body
