"""What becomes of a picture: upright, small and in sRGB, whatever it was."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from tests.pictured import BLUE, GREEN, RED, WHITE, encode, make_exif, make_quarters, prepare

Colour = tuple[int, int, int]


def read_corners(data: bytes) -> list[Colour]:
    picture = Image.open(BytesIO(data)).convert("RGB")
    w, h = picture.size
    found = [picture.getpixel(at) for at in ((5, 5), (w - 6, 5), (5, h - 6), (w - 6, h - 6))]
    return [(r, g, b) for r, g, b in found]  # type: ignore[misc]  # an RGB picture has such pixels


def is_near(one: Colour, other: Colour, by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


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
