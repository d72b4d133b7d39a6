"""Where a picture was taken is read before it is removed, if it is credible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Place
from storage.pictures import read_place
from tests.pictured import GPS, OBELISK, encode, insert_segment, make_quarters, make_talkative_jpeg, prepare


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
