"""Nothing is left in a picture that tells who took it, or where, or that does not belong into a picture."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from PIL import ExifTags, Image

from bot.messages import Place
from tests.pictured import GPS, OBELISK, encode, insert_segment, make_exif, make_quarters, make_talkative_jpeg, prepare


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


def test_a_heic_picture_is_kept_where_its_reader_is_installed() -> None:
    pytest.importorskip("pillow_heif", reason="the optional pillow-heif is not installed").register_heif_opener()
    made = prepare(encode(make_quarters(size=(640, 480)), "HEIF", exif=make_exif(OBELISK), quality=95))
    assert made.place == Place(lat=-34.603608, lon=-58.381632, accuracy=8.5, source="photo")
    assert (made.mime, made.width) == ("image/jpeg", 640)
    assert hold_nothing_secret(made.data)
