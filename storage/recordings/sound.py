"""The plainer sound formats: MP3 and AAC (a row of frames), AMR (the same) and WAV (a row of chunks).

Only frames and the chunks that play are kept; ID3 tags, their pictures and whatever is appended are left behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from storage.formats import Prepared, Unusable

# ISO/IEC 11172-3 and 13818-3: kbit/s by index 1 to 14, for MPEG 1 and for MPEG 2 and 2.5, layer III; samples/s.
_KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44100, 48000, 32000)

# 3GPP TS 26.101 and 26.201 by way of RFC 4867, section 5.3: bytes after the frame's first one, by its type.
_AMR_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5)
_AMR_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)

_WAV_CHUNKS = (b"fmt ", b"fact", b"data")


def clean_mpeg(data: bytes, mime: str) -> Prepared:
    """Keep the frames of an MP3, without its ID3, APE and other tags."""
    return _keep_frames(data, _skip_id3(data), _measure_mpeg, mime)


def clean_adts(data: bytes, mime: str) -> Prepared:
    """Keep the frames of a bare AAC stream."""
    return _keep_frames(data, _skip_id3(data), _measure_adts, mime)


def clean_amr(data: bytes, mime: str) -> Prepared:
    """Keep the header and the frames of an AMR recording."""
    wide = mime == "audio/amr-wb"
    sizes = _AMR_WIDE if wide else _AMR_NARROW
    return _keep_frames(
        data, len(b"#!AMR-WB\n" if wide else b"#!AMR\n"), lambda d, at: _measure_amr(d, at, sizes), mime
    )


def clean_wav(data: bytes, _mime: str) -> Prepared:
    """Keep the chunks that play; a recorder that was cut off may have left the sizes open."""
    chunks = [(kind, body) for kind, body in _read_chunks(data) if kind in _WAV_CHUNKS]
    if not {b"fmt ", b"data"} <= {kind for kind, _ in chunks}:
        raise Unusable("media-broken")
    packed = b"".join(kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks)
    whole = b"RIFF" + struct.pack("<I", 4 + len(packed)) + b"WAVE" + packed
    return Prepared(kind="voice", mime="audio/wav", data=whole)


def _read_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _keep_frames(data: bytes, start: int, measure: Callable[[bytes, int], int], mime: str) -> Prepared:
    """Keep the unbroken row of frames that begins at `start`, behind the file's own header if it has one."""
    end = start
    while length := measure(data, end):
        end += length
    if end == start:
        raise Unusable("media-broken")
    header = data[:start] if data.startswith(b"#!AMR") else b""
    return Prepared(kind="voice", mime=mime, data=header + data[start:end])


def _skip_id3(data: bytes) -> int:
    """Find the end of the ID3v2 tags at the beginning (id3.org: size in four bytes of seven bits, footer flag 0x10)."""
    at = 0
    while data[at : at + 3] == b"ID3" and at + 10 <= len(data):
        size = data[at + 6] << 21 | data[at + 7] << 14 | data[at + 8] << 7 | data[at + 9]
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    return at


def _measure_mpeg(data: bytes, at: int) -> int:
    """Tell the length in bytes of the layer III frame at `at`, 0 when there is none or it breaks off."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0
    version, index, rate = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or index in (0, 15) or rate == 3:
        return 0
    kbits = (_KBITS_1 if version == 3 else _KBITS_2)[index - 1]
    samples = 144 if version == 3 else 72
    length = samples * kbits * 1000 // (_RATES[rate] // {3: 1, 2: 2, 0: 4}[version]) + (data[at + 2] >> 1 & 1)
    return length if at + length <= len(data) else 0


def _measure_adts(data: bytes, at: int) -> int:
    """Tell the length in bytes of the ADTS frame at `at` (ISO/IEC 13818-7), 0 when there is none or it breaks off."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return length if length >= 7 and at + length <= len(data) else 0


def _measure_amr(data: bytes, at: int, sizes: tuple[int, ...]) -> int:
    """Tell the length in bytes of the AMR frame at `at`, 0 when there is none or it breaks off."""
    if at >= len(data) or data[at] & 0x83:
        return 0
    kind = data[at] >> 3 & 15
    length = 1 + (sizes[kind] if kind < len(sizes) else 0)  # higher types are silence: one byte
    return length if at + length <= len(data) else 0
