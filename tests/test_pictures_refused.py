"""What is no picture, too large or broken is refused, and nothing that is damaged raises anything."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.messages import MediaKind
from storage.formats import MAX_BYTES, Prepared, Refused
from storage.workbench import prepare_here
from tests.pictured import encode, make_quarters, make_talkative_jpeg


def refuse(data: bytes, kind: MediaKind = "photo") -> str:
    made = prepare_here(data, kind)
    assert isinstance(made, Refused), made
    return made.reason


# --- what is refused


def make_png_header(width: int, height: int) -> bytes:
    """Make a tiny PNG that claims to be of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def claim_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Write another size into a JPEG's frame header."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def claim_canvas(webp: bytes) -> bytes:
    """Write the largest size that there is into an animated WebP's canvas."""
    at = webp.index(b"VP8X") + 12
    return webp[:at] + b"\xff\x3f\0\xff\x3f\0" + webp[at + 6 :]


@pytest.mark.parametrize(
    "data",
    [
        make_png_header(60_000, 60_000),
        make_png_header(2**31 - 1, 2**31 - 1),
        make_png_header(7_072, 7_072),
        make_png_header(50_000_001, 1),
        claim_size(encode(make_quarters()), 65_500, 65_500),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + encode(make_quarters(), "GIF")[10:],
        claim_canvas(encode(make_quarters(), "WEBP", save_all=True, append_images=[make_quarters("L")])),
    ],
    ids=["png", "png-max", "png-just-over", "png-flat", "jpeg", "gif", "webp"],
)
def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(data: bytes) -> None:
    assert refuse(data, "photo") == refuse(data, "document") == "media-too-many-pixels"


def test_50_megapixels_are_the_limit() -> None:
    assert refuse(make_png_header(10_001, 5_000)) == "media-too-many-pixels"
    assert refuse(make_png_header(10_000, 5_000)) == "media-broken"  # its size is fine, but not its content


def test_more_than_20_megabytes_are_refused() -> None:
    assert refuse(encode(make_quarters()) + bytes(MAX_BYTES)) == "media-too-large"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_that_broke_off_is_refused(form: str, part: float) -> None:
    data = encode(Image.effect_noise((300, 300), 80).convert("RGB"), form)
    assert refuse(data[: int(len(data) * part)]) == "media-broken"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"just words",
        b"\xff",
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(data: bytes) -> None:
    assert refuse(data, "photo") == "media-not-a-picture"
    for kind in ("video", "voice", "document"):
        assert refuse(data, kind) == "media-unsupported"


def test_a_video_that_is_called_a_photo_is_no_picture() -> None:
    assert refuse(b"\0\0\0\x18ftypisom" + bytes(100)) == "media-not-a-picture"


def test_an_empty_file_is_broken() -> None:
    assert refuse(b"") == "media-broken"


@pytest.mark.parametrize("form", ["BMP", "TIFF"])
def test_a_picture_in_an_unusual_format_is_unsupported(form: str) -> None:
    assert refuse(encode(make_quarters(), form)) == "media-unsupported"


def test_a_heic_picture_is_unsupported_unless_its_reader_is_installed() -> None:
    expected = "media-broken" if importlib.util.find_spec("pillow_heif") else "media-unsupported"
    assert refuse(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)) == expected
    assert refuse(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(100)) == "media-unsupported"


# --- whatever comes

WHOLE = [encode(make_quarters(), form) for form in ("JPEG", "PNG", "WEBP", "GIF")]
WHOLE.append(make_talkative_jpeg())


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", *(data[:12] for data in WHOLE)]),
    rest=st.binary(max_size=400),
    kind=st.sampled_from(["photo", "video", "voice", "document"]),
)
def test_random_bytes_are_refused_and_raise_nothing(start: bytes, rest: bytes, kind: MediaKind) -> None:
    assert isinstance(prepare_here(start + rest, kind), Refused)


@settings(max_examples=200, deadline=None)
@given(
    data=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 20),
)
def test_a_damaged_picture_is_kept_clean_or_refused(data: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    made = prepare_here(bytes(damaged[: len(damaged) - cut]), "photo")
    if isinstance(made, Prepared):
        assert Image.open(BytesIO(made.data)).size == (made.width, made.height)
        assert b"Secret" not in made.data
