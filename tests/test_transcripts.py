"""Every talk in tests/conversations goes word for word as it is written there, on every channel.

`pytest tests/test_transcripts.py --update-transcripts` writes down what is said now, for review with `git diff`.
"""

from __future__ import annotations

import asyncio
import difflib
import gc
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from locales import LANGUAGES
from tests.deeds import read_deed
from tests.transcripts import FOLDER, RENDERINGS, play, read_transcript

# The code of the first ticket of every talk.
TICKET = "RT2G-ZSA"
PATHS = sorted(FOLDER.glob("*.txt"))
PLAYS = [(path, channel) for path in PATHS for channel in read_transcript(path).channels]


@pytest.fixture(autouse=True, scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Play without what takes a fifth of the time: authorities for no HTTPS, and collecting garbage."""
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    first, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----\n")
    authority.write_text(first + end, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        gc.disable()
        yield
        gc.enable()


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
    # A list of several pages is another story, and so are short words, but where the talk was written with them.
    if channel == transcript.channels[0] or (not played.paged and channel != "sms"):
        assert_same(path.read_text("utf-8"), played.text, path.name)
    assert_same(rendering.read_text("utf-8"), played.rendering, rendering.name)


def test_the_talks_are_many_and_in_every_language() -> None:
    spoken = [read_transcript(path).value("language") for path in PATHS]
    assert len(spoken) >= 30
    assert all(spoken.count(language) >= 5 for language in LANGUAGES)


def test_officials_are_at_work_wherever_they_are() -> None:
    places: Counter[str] = Counter()
    for path in PATHS:
        transcript = read_transcript(path)
        officials = {line.split()[0] for line in transcript.values("officials")}
        deeds = [deed for entry in transcript.entries if (deed := read_deed(entry.step))]
        if any(who in officials or deed.room for who, deed in deeds):
            kind = "topic" if transcript.value("topics") else "group" if transcript.value("groups") else ""
            places.update(f"{channel} {kind}".strip() for channel in transcript.channels)
    assert all(places[channel] >= 40 for channel in ("telegram", "whatsapp", "sms", "browser")), places
    assert places["telegram group"] >= 6, places
    assert places["telegram topic"] >= 3, places


@pytest.mark.parametrize(("beginning", "most"), [("happy-path", 6), ("one-message", 2)])
def test_a_ticket_costs_few_messages(beginning: str, most: int) -> None:
    for path in FOLDER.glob(f"{beginning}*.txt"):
        story = path.read_text("utf-8")
        before = story[: story.index(TICKET)]
        assert len(re.findall(r"^ana\b.*?(?:>|sends) ", before, re.MULTILINE)) <= most, path.name


def test_no_rendering_is_left_of_a_talk_that_is_gone() -> None:
    assert {path.name for path in RENDERINGS.iterdir()} == {f"{path.stem}.{channel}.txt" for path, channel in PLAYS}


def assert_same(written: str, played: str, name: str) -> None:
    """Fail with the lines that differ."""
    lines = difflib.unified_diff(
        written.splitlines(), played.splitlines(), f"{name} as written", "as played", lineterm=""
    )
    assert written == played, "\n".join(["it goes differently:", *lines])
