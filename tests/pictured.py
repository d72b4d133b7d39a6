"""Pictures made by hand, with secrets in every place that can hold one."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

from bot.messages import MediaKind
from storage.formats import Prepared
from storage.workbench import prepare_here

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


def prepare(data: bytes, kind: MediaKind = "photo") -> Prepared:
    made = prepare_here(data, kind)
    assert isinstance(made, Prepared), made
    return made


def make_talkative_jpeg() -> bytes:
    """Make a JPEG that tells who made it in every way that JPEGs have."""
    data = encode(make_quarters(size=(640, 480)), exif=make_exif(OBELISK), comment=b"SecretComment", dpi=(300, 300))
    data = insert_segment(data, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SecretXmp</x:xmpmeta>")
    data = insert_segment(data, 0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0aSecretIptc")
    data = insert_segment(data, 0xE2, b"MPF\0SecretMpf")
    return data + b"SecretTrailer"
