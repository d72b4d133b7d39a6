"""A recording that is damaged, or only begins like one, is refused and raises nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.formats import Prepared, Refused
from storage.workbench import prepare_here
from tests.recorded import (
    AAC_FRAME,
    ID3,
    MP3_FRAME,
    PICTURES,
    SOUND,
    TALK,
    TRACK,
    WEBM_TALK,
    chunk,
    make_movie,
    make_voice,
    make_wav,
    make_webm,
)

WHOLE = [
    make_movie(PICTURES, (b"meta", TRACK), SOUND, inside=TALK),
    make_webm(1, 2, more=WEBM_TALK),
    make_webm(2, live=True, more=WEBM_TALK),
    make_voice(),
    ID3 + MP3_FRAME * 2,
    AAC_FRAME * 4,
    make_wav(chunk(b"fmt ", bytes(16)), chunk(b"data", b"sound")),
    b"#!AMR\n" + bytes([4]) + b"\x55" * 12,
]


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 200),
)
def test_a_damaged_recording_raises_nothing(data: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    made = prepare_here(bytes(damaged[: len(damaged) - cut]), "document")
    assert isinstance(made, Refused) or len(made.data) <= len(data)


@settings(max_examples=200, deadline=None)
@given(start=st.sampled_from([data[:12] for data in WHOLE]), rest=st.binary(max_size=300))
def test_random_bytes_with_the_right_beginning_raise_nothing(start: bytes, rest: bytes) -> None:
    assert isinstance(prepare_here(start + rest, "voice"), Refused | Prepared)
