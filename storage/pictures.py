"""What is done to a picture before it is kept: read with suspicion, set upright, made small, stripped bare.

The result is encoded anew from its pixels alone, so nothing of the original's EXIF, XMP, IPTC, comments,
embedded previews or appended bytes can be left in it. Runs in a process of its own (`storage.workbench`): a
hostile picture can take no more than that process with it. Importing this module imports Pillow.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, ImageCms

from bot.messages import Place
from storage.formats import Prepared, Unusable

MAX_PIXELS = 50_000_000
LONG_SIDE = 1600
THUMBNAIL_SIDE = 320

# By sniffed MIME type, the only Pillow readers that get to see the bytes.
READERS: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("JPEG",),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    "image/gif": ("GIF",),
    "image/heic": ("HEIF",),
}

_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow raises by itself at twice this, some of its readers before their size can be asked.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def develop(data: bytes, mime: str) -> Prepared:
    """Make the picture that is kept, its thumbnail and the place it tells; raises `Unusable` or what Pillow raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata: it is all thrown away
        opened = _open(data, mime)
        exif = _read_exif(opened)
        picture = _set_upright(_flatten(_shrink(opened)), exif.get(ExifTags.Base.Orientation))
        small = picture.copy()
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        return Prepared(
            kind="photo",
            mime="image/jpeg",
            data=_encode(picture),
            thumbnail=_encode(small),
            width=picture.width,
            height=picture.height,
            place=read_place(_read_gps(exif)),
        )


def _open(data: bytes, mime: str) -> Image.Image:
    """Decode the first frame, but only after its header promised a bearable size."""
    if mime == "image/heic":
        _allow_heic()
    try:
        picture = Image.open(BytesIO(data), formats=READERS[mime])
    except Image.DecompressionBombError:
        raise Unusable("media-too-many-pixels") from None
    if picture.width * picture.height > MAX_PIXELS:
        raise Unusable("media-too-many-pixels")
    scale = LONG_SIDE / max(picture.size)
    # A JPEG is decoded at the nearest larger scale, in half the time or less.
    picture.draft(None, (max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
    picture.load()
    return picture


def _allow_heic() -> None:
    """Let Pillow read HEIC where the optional pillow-heif is installed; refuse it elsewhere."""
    if importlib.util.find_spec("pillow_heif") is None:
        raise Unusable("media-unsupported")
    importlib.import_module("pillow_heif").register_heif_opener()


def _shrink(picture: Image.Image) -> Image.Image:
    """Bring it to at most LONG_SIDE, in a mode that can be blended (palettes, bits and 16 bits cannot)."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")  # convert alone would clip to white
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    picture.info = {"icc_profile": profile}
    return picture


def _flatten(picture: Image.Image) -> Image.Image:
    """Put it on white and into sRGB, as every viewer expects of a JPEG that carries no profile."""
    profile = picture.info.get("icc_profile")
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        picture = white
    return _convert_to_srgb(picture, profile) or picture.convert("RGB")


def _convert_to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert by the colour profile; None when there is none or it is not fit for the picture."""
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _set_upright(picture: Image.Image, orientation: object) -> Image.Image:
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)


def _encode(picture: Image.Image) -> bytes:
    """Write the pixels and nothing else as a JPEG."""
    picture.info = {}  # Pillow would carry a comment over
    out = BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def _read_exif(picture: Image.Image) -> Mapping[int, Any]:
    try:
        return picture.getexif()
    except Exception:  # whatever a damaged EXIF block makes Pillow raise, the picture itself is good
        return {}


def _read_gps(exif: Mapping[int, Any]) -> Mapping[int, Any]:
    try:
        return exif.get_ifd(ExifTags.IFD.GPSInfo) if isinstance(exif, Image.Exif) else {}
    except Exception:  # as above
        return {}


def read_place(gps: Mapping[int, Any]) -> Place | None:
    """Read where the camera was from an EXIF GPS block, or None when it does not credibly say.

    Degrees come as one, two or three numbers (degrees, minutes, seconds), each a rational or a (numerator,
    denominator) pair; without the hemisphere letters nothing is believed, and (0, 0) is a camera without a fix.
    """
    lat = _read_degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
    lon = _read_degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    accuracy = _read_number(gps.get(ExifTags.GPS.GPSHPositioningError))
    accuracy = round(accuracy, 1) if accuracy is not None and accuracy > 0 else None
    return Place(lat=round(lat, 6), lon=round(lon, 6), accuracy=accuracy, source="photo")


def _read_degrees(value: object, hemisphere: object, letters: str, most: float) -> float | None:
    """Turn degrees, minutes and seconds into signed degrees; None when any part is missing or out of range."""
    if isinstance(hemisphere, bytes):
        hemisphere = hemisphere.decode("ascii", "replace")
    letter = hemisphere.strip("\0 ")[:1].upper() if isinstance(hemisphere, str) else ""
    parts = [_read_number(part) for part in _split(value)]
    if not letter or letter not in letters or not parts or None in parts:
        return None
    degrees = sum(abs(part or 0) / 60.0**power for power, part in enumerate(parts))
    if not degrees <= most:
        return None
    return -degrees if letter == letters[1] else degrees


def _split(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value[:3]
    return () if value is None else (value,)


def _read_number(value: Any) -> float | None:
    """Read a rational, a (numerator, denominator) pair or a plain number; None when it is no finite number."""
    numerator, denominator = value if isinstance(value, tuple) and len(value) == 2 else (value, 1)
    try:
        number = float(numerator) / float(denominator)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None
