"""Photos for the tests of deliveries."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def jpeg(width: int = 64, height: int = 48) -> bytes:
    """A photo."""
    made = BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(made, "JPEG")
    return made.getvalue()
