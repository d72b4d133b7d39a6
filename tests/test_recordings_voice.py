"""What becomes of voice notes and sound files: they play as before, and tell nothing beside what they say."""

from __future__ import annotations

import struct

import pytest

from storage.formats import Prepared
from tests.recorded import (
    AAC_FRAME,
    COMMENTS,
    ID3,
    MP3_FRAME,
    OPUS,
    checksum,
    chunk,
    lace,
    make_comments,
    make_voice,
    make_wav,
    page,
    prepare,
    refuse,
    tells_nothing,
)


def read_pages(data: bytes) -> list[tuple[bytes, int]]:
    """Split into pages; gives each one's body and the checksum it should have, after comparing it."""
    found, at = [], 0
    while at < len(data):
        count = data[at + 26]
        end = at + 27 + count + sum(data[at + 27 : at + 27 + count])
        whole = data[at : at + 22] + bytes(4) + data[at + 26 : end]
        assert struct.unpack_from("<I", data, at + 22)[0] == checksum(whole)
        found.append((data[at + 27 + count : end], checksum(whole)))
        at = end
    return found


def test_the_comments_of_a_voice_note_are_removed() -> None:
    voice = make_voice()
    made = prepare(voice, "voice")
    assert (made.kind, made.mime) == ("voice", "audio/ogg")
    assert tells_nothing(made.data)
    assert len(made.data) == len(voice)
    (head, _), (tags, _), (sound, _) = read_pages(made.data)
    assert (head, sound) == (OPUS, b"voice")
    assert tags.rstrip(b"\0") == b"OpusTags\6\0\0\0vendor"


def test_comments_over_several_pages_are_removed() -> None:
    tags = make_comments(b"OpusTags", b"METADATA_BLOCK_PICTURE=" + b"Secret" * 200, *COMMENTS)
    lacing = lace(tags)
    voice = page(0, lace(OPUS), OPUS)
    voice += page(1, lacing[:2], tags[:510]) + page(2, lacing[2:], tags[510:]) + page(3, [5], b"voice")
    made = prepare(voice).data
    assert tells_nothing(made)
    assert len(read_pages(made)) == 4
    assert made.endswith(page(3, [5], b"voice"))


def test_vorbis_keeps_its_framing_bit_and_the_packet_behind() -> None:
    tags = make_comments(b"\x03vorbis", *COMMENTS, end=b"\1")
    voice = make_voice(b"\x01vorbis" + bytes(23), tags, b"\x05vorbis setup")
    made = prepare(voice).data
    assert tells_nothing(made)
    body = read_pages(made)[1][0]
    assert body.startswith(b"\x03vorbis\6\0\0\0vendor\0\0\0\0\1")
    assert body.endswith(b"\x05vorbis setup")


def test_speex_is_cleaned_too() -> None:
    assert tells_nothing(prepare(make_voice(b"Speex   " + bytes(72), make_comments(b"", *COMMENTS))).data)


def test_a_second_stream_behind_the_first_is_cleaned_too() -> None:
    second = page(0, lace(OPUS), OPUS, serial=8)
    tags = make_comments(b"OpusTags", *COMMENTS)
    second += page(1, lace(tags), tags, serial=8)
    assert tells_nothing(prepare(make_voice() + second).data)


def test_what_follows_a_voice_note_is_removed() -> None:
    clean = prepare(make_voice()).data
    assert prepare(clean + b"SecretTrailer").data == clean
    assert prepare(clean + b"OggS" + bytes(10) + b"SecretTrailer").data == clean


def test_an_ogg_of_another_codec_is_unsupported() -> None:
    assert refuse(make_voice(b"\x80theora" + bytes(30))) == "media-unsupported"


@pytest.mark.parametrize(
    "data", [b"OggS", make_voice()[:30], make_voice(tags=b"OpusTags"), make_voice(tags=b"OpusTags\xff\xff\xff\xff1234")]
)
def test_an_ogg_that_cannot_be_played_is_refused(data: bytes) -> None:
    assert refuse(data) == "media-broken"


MP3_LOW = b"\xff\xf3\x40\x00" + b"\x55" * 204  # MPEG 2 layer III, 32 kbit/s, 22,050 Hz: 104 bytes, twice


@pytest.mark.parametrize(("frame", "mime"), [(MP3_FRAME, "audio/mpeg"), (AAC_FRAME, "audio/aac")])
def test_only_the_frames_of_a_sound_file_are_kept(frame: bytes, mime: str) -> None:
    tail = b"APETAGEX" + b"SecretApe" + b"TAG" + b"SecretTitle".ljust(125)
    assert prepare(frame * 5 + tail) == Prepared(kind="voice", mime=mime, data=frame * 5)


def test_id3_tags_before_the_frames_are_removed() -> None:
    assert len(ID3) == 10 + 133
    assert prepare(ID3 + ID3 + MP3_FRAME * 3).data == MP3_FRAME * 3
    footer = ID3[:5] + b"\x10" + ID3[6:] + b"3DI" + bytes(7)
    assert prepare(footer + MP3_FRAME * 3).data == MP3_FRAME * 3


def test_an_mp3_of_low_quality_is_measured_rightly() -> None:
    assert prepare(MP3_LOW[:104] * 4 + b"SecretTrailer").data == MP3_LOW[:104] * 4


def test_a_frame_that_broke_off_is_left_out() -> None:
    assert prepare(MP3_FRAME * 2 + MP3_FRAME[:100]).data == MP3_FRAME * 2


@pytest.mark.parametrize("header", [b"#!AMR\n", b"#!AMR-WB\n"])
def test_the_frames_of_an_amr_note_are_kept(header: bytes) -> None:
    frames = b"".join(
        bytes([kind << 3 | 4]) + b"\x55" * size
        for kind, size in (
            [(0, 17), (8, 60), (9, 5), (15, 0)] if b"WB" in header else [(0, 12), (7, 31), (8, 5), (15, 0)]
        )
    )
    made = prepare(header + frames + b"\xffSecretTrailer")
    assert (made.kind, made.mime) == ("voice", "audio/amr-wb" if b"WB" in header else "audio/amr")
    assert made.data == header + frames


def test_only_the_sound_of_a_wav_is_kept() -> None:
    plain = [chunk(b"fmt ", bytes(16)), chunk(b"data", b"sound")]
    secrets = [chunk(b"LIST", b"INFOSecret1"), chunk(b"bext", b"SecretOriginator"), chunk(b"iXML", b"<l>Secret</l>")]
    made = prepare(make_wav(plain[0], *secrets, plain[1], *secrets) + b"SecretTrailer")
    assert made == Prepared(kind="voice", mime="audio/wav", data=make_wav(*plain))


def test_a_wav_whose_recorder_left_the_size_open_is_kept() -> None:
    data = make_wav(chunk(b"fmt ", bytes(16)), chunk(b"data", b"sounds"))
    opened = data[:-10] + b"\xff\xff\xff\xff" + b"sounds"
    assert prepare(opened).data == data


@pytest.mark.parametrize(
    "data", [b"ID3", ID3, b"\xff\xfb\x90", MP3_FRAME[:400], b"#!AMR\n", make_wav(), b"RIFF\0\0\0\0WAVEdata"]
)
def test_a_sound_file_without_sound_is_broken(data: bytes) -> None:
    assert refuse(data) == "media-broken"
