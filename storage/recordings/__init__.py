"""What is done to a video or a voice note before it is kept: nothing is decoded, all that is not needed to play goes.

Cameras write position, make and owner beside the sound and the picture, not into them. Each format's file knows what
plays and removes or blanks the rest. What somebody says or shows in a recording stays in it.
"""

from __future__ import annotations

from collections.abc import Callable

from storage.formats import Prepared
from storage.recordings import matroska, mp4, ogg, sound

# By sniffed MIME type: takes the bytes and that type, raises Unusable (or IndexError, ValueError, struct.error on bytes
# that break off).
CLEANERS: dict[str, Callable[[bytes, str], Prepared]] = {
    "video/mp4": mp4.clean,
    "video/quicktime": mp4.clean,
    "video/3gpp": mp4.clean,
    "audio/mp4": mp4.clean,
    "video/webm": matroska.clean,
    "audio/ogg": ogg.clean,
    "audio/mpeg": sound.clean_mpeg,
    "audio/aac": sound.clean_adts,
    "audio/amr": sound.clean_amr,
    "audio/amr-wb": sound.clean_amr,
    "audio/wav": sound.clean_wav,
}
