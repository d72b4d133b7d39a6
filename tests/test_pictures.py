"""What becomes of a picture: upright, small, in sRGB, with nothing left that tells who took it, or where."""

from __future__ import annotations

import importlib.util
import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from bot.messages import MediaKind, Place
from storage.formats import MAX_BYTES, Prepared, Refused
from storage.pictures import read_place
from storage.workbench import prepare_here

Colour = tuple[int, int, int]
RED, GREEN, BLUE, WHITE = (250, 0, 0), (0, 250, 0), (0, 0, 250), (255, 255, 255)
GPS = ExifTags.GPS
# The Obelisk of Buenos Aires; the seconds are a number that can be searched for.
OBELISK: dict[int, object] = {
    GPS.GPSLatitudeRef: "S",
    GPS.GPSLatitude: (34.0, 36.0, 12.9876),
    GPS.GPSLongitudeRef: "W",
    GPS.GPSLongitude: (58.0, 22.0, 53.8765),
    GPS.GPSHPositioningError: 8.5,
    GPS.GPSMapDatum: "SecretDatum",
}


def encode(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def make_exif(gps: dict[int, Any] | None = None, orientation: int = 1) -> bytes:
    """Make the EXIF block of a phone that tells everything about itself."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretMaker"
    exif[ExifTags.Base.Model] = "SecretPhone 12"
    exif[ExifTags.Base.Artist] = "Secret Person"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SecretSerial"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return exif.tobytes()


def insert_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body + jpeg[2:]


def make_quarters(mode: str = "RGB", size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Paint a picture whose corners are red, green, blue and white, so that its position can be told."""
    picture = Image.new("RGB", size, WHITE)
    half = (size[0] // 2, size[1] // 2)
    for colour, corner in ((RED, (0, 0)), (GREEN, (half[0], 0)), (BLUE, (0, half[1]))):
        picture.paste(colour, (*corner, corner[0] + half[0], corner[1] + half[1]))
    return picture.convert(mode)


def read_corners(data: bytes) -> list[Colour]:
    picture = Image.open(BytesIO(data)).convert("RGB")
    w, h = picture.size
    found = [picture.getpixel(at) for at in ((5, 5), (w - 6, 5), (5, h - 6), (w - 6, h - 6))]
    return [(r, g, b) for r, g, b in found]  # type: ignore[misc]  # an RGB picture has such pixels


def is_near(one: Colour, other: Colour, by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def prepare(data: bytes, kind: MediaKind = "photo") -> Prepared:
    made = prepare_here(data, kind)
    assert isinstance(made, Prepared), made
    return made


def refuse(data: bytes, kind: MediaKind = "photo") -> str:
    made = prepare_here(data, kind)
    assert isinstance(made, Refused), made
    return made.reason


# --- what is kept


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_usual_format_becomes_a_jpeg_with_a_thumbnail(form: str) -> None:
    made = prepare(encode(make_quarters(), form))
    assert (made.kind, made.mime, made.width, made.height, made.place) == ("photo", "image/jpeg", 120, 80, None)
    assert made.thumbnail is not None
    for data in (made.data, made.thumbnail):
        assert Image.open(BytesIO(data)).format == "JPEG"
        assert all(map(is_near, read_corners(data), (RED, GREEN, BLUE, WHITE)))


@pytest.mark.parametrize(
    ("before", "after", "small"),
    [
        ((4000, 3000), (1600, 1200), (320, 240)),
        ((1000, 5000), (320, 1600), (64, 320)),
        ((1601, 10), (1600, 10), (320, 2)),
        ((3000, 1), (1600, 1), (320, 1)),
        ((300, 200), (300, 200), (300, 200)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_a_large_picture_is_made_small_and_a_small_one_left(
    before: tuple[int, int], after: tuple[int, int], small: tuple[int, int]
) -> None:
    made = prepare(encode(Image.new("RGB", before, BLUE)))
    assert (made.width, made.height) == Image.open(BytesIO(made.data)).size == after
    assert Image.open(BytesIO(made.thumbnail or b"")).size == small


def test_a_picture_of_one_colour_is_kept() -> None:
    assert prepare(encode(Image.new("RGB", (640, 480), (0, 0, 0)))).width == 640


def test_the_same_picture_twice_gives_the_same_bytes() -> None:
    data = encode(make_quarters(size=(2000, 1000)))
    assert prepare(data) == prepare(data)


def test_a_picture_sent_as_a_document_is_a_photo() -> None:
    assert prepare(encode(make_quarters()), "document").kind == "photo"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_stands_upright_whichever_way_the_phone_was_held(orientation: int) -> None:
    flip = Image.Transpose
    undone = {2: flip.FLIP_LEFT_RIGHT, 3: flip.ROTATE_180, 4: flip.FLIP_TOP_BOTTOM, 5: flip.TRANSPOSE}
    undone |= {6: flip.ROTATE_90, 7: flip.TRANSVERSE, 8: flip.ROTATE_270}
    stored = make_quarters()
    if orientation in undone:
        stored = stored.transpose(undone[orientation])
    made = prepare(encode(stored, exif=make_exif(orientation=orientation), quality=95))
    assert (made.width, made.height) == (120, 80)
    assert all(map(is_near, read_corners(made.data), (RED, GREEN, BLUE, WHITE)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    data = encode(clear.convert(mode), "PNG") if mode != "P" else encode(clear.quantize(4), "PNG")
    assert all(is_near(corner, WHITE) for corner in read_corners(prepare(data).data))


def test_a_transparent_colour_without_an_alpha_channel_becomes_white() -> None:
    data = encode(Image.new("RGB", (50, 50), RED), "PNG", transparency=RED)
    assert all(is_near(corner, WHITE) for corner in read_corners(prepare(data).data))


def test_a_cmyk_picture_keeps_its_colours() -> None:
    corners = read_corners(prepare(encode(make_quarters("CMYK"), quality=95)).data)
    assert all(is_near(one, other, 30) for one, other in zip(corners, (RED, GREEN, BLUE, WHITE), strict=True))


def test_a_grey_picture_of_16_bits_keeps_its_greys() -> None:
    data = encode(Image.new("I;16", (50, 50), 0x8000), "PNG")
    assert is_near(read_corners(prepare(data).data)[0], (128, 128, 128), 2)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_picture_of_few_colours_is_kept(mode: str) -> None:
    assert prepare(encode(make_quarters(mode), "PNG")).width == 120


def test_the_first_frame_stands_for_an_animation() -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in (RED, BLUE)]
    for form in ("GIF", "WEBP"):
        data = encode(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
        assert is_near(read_corners(prepare(data).data)[0], RED)


def test_the_colours_are_converted_by_the_pictures_own_profile() -> None:
    # A profile whose red is blue and whose blue is red: its two tags of primaries are exchanged.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    strange = profile.replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"????", b"bXYZ", 1)
    made = prepare(encode(Image.new("RGB", (60, 60), (250, 10, 10)), icc_profile=strange, quality=95))
    assert is_near(read_corners(made.data)[0], (10, 10, 250), 30)
    assert b"ICC_PROFILE" not in made.data


def test_a_profile_that_is_not_one_does_no_harm() -> None:
    made = prepare(encode(make_quarters(), icc_profile=b"not a profile at all" * 20))
    assert all(map(is_near, read_corners(made.data), (RED, GREEN, BLUE, WHITE)))


# --- what is removed


def make_talkative_jpeg() -> bytes:
    """Make a JPEG that tells who made it in every way that JPEGs have."""
    data = encode(make_quarters(size=(640, 480)), exif=make_exif(OBELISK), comment=b"SecretComment", dpi=(300, 300))
    data = insert_segment(data, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SecretXmp</x:xmpmeta>")
    data = insert_segment(data, 0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0aSecretIptc")
    data = insert_segment(data, 0xE2, b"MPF\0SecretMpf")
    return data + b"SecretTrailer"


def hold_nothing_secret(data: bytes) -> bool:
    """Tell whether no name, no metadata block and no coordinate can be found in the bytes."""
    numbers = [number for part in (12.9876, 53.8765) for number in _fractions(part)]
    marks = [b"Secret", b"Exif", b"adobe", b"Adobe", b"xmp", b"8BIM", b"Photoshop", b"MPF", b"ICC", *numbers]
    return not any(mark in data for mark in marks)


def _fractions(value: float) -> list[bytes]:
    ratio = Image.Exif()
    ratio.get_ifd(ExifTags.IFD.GPSInfo)[GPS.GPSAltitude] = value
    raw = ratio.tobytes()
    return [raw[-8:]]


def test_the_talkative_picture_of_these_tests_tells_what_it_should() -> None:
    data = make_talkative_jpeg()
    for mark in (b"SecretMaker", b"SecretPhone", b"SecretSerial", b"SecretDatum", b"SecretXmp", b"SecretTrailer"):
        assert mark in data
    assert all(fraction in data for fraction in (*_fractions(12.9876), *_fractions(53.8765)))


def test_nothing_about_device_person_or_place_is_left() -> None:
    made = prepare(make_talkative_jpeg())
    for data in (made.data, made.thumbnail or b""):
        assert hold_nothing_secret(data)
        again = Image.open(BytesIO(data))
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_nothing_is_left_of_a_png_or_webp_either(form: str) -> None:
    made = prepare(encode(make_quarters(), form, exif=make_exif(OBELISK), xmp=b"<x>SecretXmp</x>"))
    assert made.place is not None
    assert hold_nothing_secret(made.data)


def test_text_in_a_png_is_removed() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", "Secret Person")
    notes.add_itxt("Comment", "SecretComment", zip=True)
    assert hold_nothing_secret(prepare(encode(make_quarters(), "PNG", pnginfo=notes)).data)


def test_an_archive_hidden_behind_a_picture_is_removed() -> None:
    hidden = BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("secret.txt", "SecretTrailer")
    data = encode(make_quarters()) + hidden.getvalue()
    assert zipfile.is_zipfile(BytesIO(data))
    made = prepare(data).data
    assert not zipfile.is_zipfile(BytesIO(made))
    assert made.endswith(b"\xff\xd9")


def test_a_script_hidden_in_a_picture_is_removed() -> None:
    data = insert_segment(encode(make_quarters()), 0xFE, b"<script>alert('SecretScript')</script>")
    assert b"script" not in prepare(data).data


# --- the place


def test_the_position_is_read_before_it_is_removed() -> None:
    place = prepare(make_talkative_jpeg()).place
    assert place == Place(lat=-34.603608, lon=-58.381632, accuracy=8.5, source="photo")


@pytest.mark.parametrize(
    ("latitude", "letter", "expected"),
    [
        ((34.0, 30.0, 0.0), "S", -34.5),
        ((34.0, 30.0, 0.0), "N", 34.5),
        ((34.0, 30.0, 0.0), b"S\0", -34.5),
        (((34, 1), (3000, 100), (0, 1)), "S", -34.5),
        ((34.0, 30.6, 0.0), "s", -34.51),
        ((34.5,), "S", -34.5),
        (34.5, "S", -34.5),
        ((34.0, 30.0), "S", -34.5),
        ((-34.0, 30.0, 0.0), "S", -34.5),
        ((90.0, 0.0, 0.0), "N", 90.0),
    ],
)
def test_degrees_are_read_in_every_form_that_cameras_write(latitude: object, letter: object, expected: float) -> None:
    place = read_place({**OBELISK, GPS.GPSLatitude: latitude, GPS.GPSLatitudeRef: letter})
    assert place is not None
    assert place.lat == pytest.approx(expected)


def test_east_is_positive() -> None:
    place = read_place({**OBELISK, GPS.GPSLongitudeRef: "E"})
    assert place is not None
    assert place.lon == pytest.approx(58.381632)


@pytest.mark.parametrize(
    "change",
    [
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
        {GPS.GPSLatitude: (91.0, 0.0, 0.0)},
        {GPS.GPSLongitude: (180.0, 0.0, 1.0)},
        {GPS.GPSLatitude: (float("nan"), 0.0, 0.0)},
        {GPS.GPSLatitude: ((34, 0), (36, 1), (0, 1))},
        {GPS.GPSLatitude: ()},
        {GPS.GPSLatitude: None},
        {GPS.GPSLatitude: "34° 36'"},
        {GPS.GPSLatitude: b"\0\1"},
        {GPS.GPSLatitude: ((1, 2, 3), (4, 5, 6))},
        {GPS.GPSLatitudeRef: None},
        {GPS.GPSLatitudeRef: ""},
        {GPS.GPSLatitudeRef: "W"},
        {GPS.GPSLongitudeRef: 7},
    ],
)
def test_a_position_that_is_not_credible_is_ignored(change: dict[int, object]) -> None:
    assert read_place({**OBELISK, **change}) is None


@pytest.mark.parametrize("error", [None, 0, -3, "?", float("inf"), (1, 0)])
def test_an_accuracy_that_is_none_is_left_out(error: object) -> None:
    place = read_place({**OBELISK, GPS.GPSHPositioningError: error})
    assert place is not None
    assert place.accuracy is None


@given(
    st.dictionaries(
        st.sampled_from(list(OBELISK)),
        st.one_of(st.floats(), st.sampled_from("NSEW"), st.binary(), st.tuples(st.floats(), st.floats())),
    )
)
def test_no_gps_block_is_too_odd(gps: dict[int, object]) -> None:
    place = read_place(gps)
    assert place is None or (place.lat is not None and abs(place.lat) <= 90)


@pytest.mark.parametrize(
    "damage", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x88" * 40]
)
def test_damaged_exif_does_not_cost_the_picture(damage: bytes) -> None:
    made = prepare(insert_segment(encode(make_quarters()), 0xE1, damage))
    assert made.place is None
    assert made.width == 120


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


def test_a_heic_picture_is_kept_where_its_reader_is_installed() -> None:
    pytest.importorskip("pillow_heif", reason="the optional pillow-heif is not installed").register_heif_opener()
    made = prepare(encode(make_quarters(size=(640, 480)), "HEIF", exif=make_exif(OBELISK), quality=95))
    assert made.place == Place(lat=-34.603608, lon=-58.381632, accuracy=8.5, source="photo")
    assert (made.mime, made.width) == ("image/jpeg", 640)
    assert hold_nothing_secret(made.data)


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
