"""The files that people send in played conversations."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import ExifTags, Image

from tests.phones.base import Deed, Point
from tests.recorded import make_voice


def pictures(deed: Deed) -> list[bytes]:
    """The files that a deed sends."""
    if deed.what == "file":
        return [b"%PDF-1.4 not a picture at all"]
    if deed.what == "broken photo":
        return [picture()[:200]]
    return [picture(number, deed.point) for number in range(deed.count)]


def voice_note() -> bytes:
    """A voice note."""
    return make_voice()


@cache
def picture(number: int = 0, point: Point | None = None) -> bytes:
    """A small JPEG; with `point` its EXIF says where it was taken."""
    exif = Image.Exif()
    if point:
        gps = ExifTags.GPS
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                gps.GPSLatitudeRef: "S" if point[0] < 0 else "N",
                gps.GPSLatitude: (abs(point[0]), 0.0, 0.0),
                gps.GPSLongitudeRef: "W" if point[1] < 0 else "E",
                gps.GPSLongitude: (abs(point[1]), 0.0, 0.0),
            }
        )
    out = BytesIO()
    Image.new("RGB", (64, 48), (40 * number % 256, 120, 90)).save(out, "JPEG", exif=exif)
    return out.getvalue()
