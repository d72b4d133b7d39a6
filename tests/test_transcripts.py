"""Every talk in tests/conversations goes word for word as it is written there, on every channel.

`pytest tests/test_transcripts.py --update-transcripts` writes down what is said now, for review with `git diff`.
"""

from __future__ import annotations

import asyncio
import difflib
from pathlib import Path

import pytest

from tests.transcripts import FOLDER, RENDERINGS, play, read_transcript

PATHS = sorted(FOLDER.glob("*.txt"))
PLAYS = [(path, channel) for path in PATHS for channel in read_transcript(path).channels]


@pytest.mark.parametrize(("path", "channel"), PLAYS, ids=[f"{path.stem}-{channel}" for path, channel in PLAYS])
def test_the_talk_goes_as_written(
    path: Path, channel: str, sqlite_url: str, tmp_path: Path, update_transcripts: bool
) -> None:
    transcript = read_transcript(path)
    played = asyncio.run(play(transcript, channel, sqlite_url, tmp_path))
    rendering = RENDERINGS / f"{path.stem}.{channel}.txt"
    if update_transcripts:
        rendering.write_text(played.rendering, "utf-8")
        if channel == transcript.channels[0]:
            path.write_text(played.text, "utf-8")
    assert_same(path.read_text("utf-8"), played.text, path.name)
    assert_same(rendering.read_text("utf-8"), played.rendering, rendering.name)


def assert_same(written: str, played: str, name: str) -> None:
    """Fail with the lines that differ."""
    lines = difflib.unified_diff(
        written.splitlines(), played.splitlines(), f"{name} as written", "as played", lineterm=""
    )
    assert written == played, "\n".join(["it goes differently:", *lines])
