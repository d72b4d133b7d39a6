"""What becomes of videos, MP4 and WebM: they play as before, and tell nothing beside what they show and say."""

from __future__ import annotations

import struct
from io import BytesIO
from zipfile import ZipFile

import pytest

from storage.formats import Prepared
from tests.recorded import (
    FRAMES,
    PICTURES,
    SOUND,
    TALK,
    TRACK,
    WEBM_TALK,
    box,
    element,
    make_movie,
    make_track,
    make_webm,
    prepare,
    refuse,
    table,
    tells_nothing,
)


def read_boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def test_a_video_without_secrets_is_kept_byte_for_byte() -> None:
    for movie in (make_movie(PICTURES, SOUND), make_movie(PICTURES, wide=True)):
        made = prepare(movie, "video")
        assert (made.kind, made.mime, made.data) == ("video", "video/mp4", movie)
        assert (made.thumbnail, made.width, made.height, made.place) == (None, 0, 0, None)


def test_position_make_and_owner_are_removed_from_every_level() -> None:
    movie = make_movie(PICTURES, SOUND, inside=TALK) + b"".join(TALK)
    assert not tells_nothing(movie)
    made = prepare(movie)
    assert tells_nothing(made.data)
    assert b"xmp" not in made.data
    assert b"location" not in made.data


def test_what_is_removed_leaves_everything_else_where_it_was() -> None:
    movie = make_movie(PICTURES, SOUND, inside=TALK)
    made = prepare(movie).data
    assert len(made) == len(movie)
    for sample in FRAMES["video"] + FRAMES["sound"]:
        assert made.index(sample) == movie.index(sample)
    before, after = read_boxes(dict(read_boxes(movie))[b"moov"]), read_boxes(dict(read_boxes(made))[b"moov"])
    assert [kind for kind, _ in before] == [b"mvhd", b"trak", b"trak", b"udta", b"meta", b"uuid", b"free"]
    assert [kind for kind, _ in after] == [b"mvhd", b"trak", b"trak", b"free", b"free", b"free", b"free"]
    assert not any(body.strip(b"\0") for kind, body in after if kind == b"free")


@pytest.mark.parametrize("handler", [b"meta", b"text", b"sbtl", b"camm"])
def test_a_track_of_positions_is_removed_with_its_samples(handler: bytes) -> None:
    movie = make_movie(PICTURES, (handler, TRACK), SOUND)
    made = prepare(movie).data
    assert tells_nothing(made)
    assert len(made) == len(movie)
    assert all(made.index(sample) == movie.index(sample) for sample in FRAMES["video"] + FRAMES["sound"])
    assert made.count(b"trak") == 2


def test_a_track_of_positions_in_chunks_of_several_is_removed_too() -> None:
    start = box(b"ftyp", b"isom", bytes(4))
    content = b"Secret01Secret02" + b"frame" + b"Secret03"
    at = len(start) + 8
    stbl = box(
        b"stbl",
        box(b"stsc", bytes(4), struct.pack(">IIIIIII", 2, 1, 2, 1, 2, 1, 1)),
        box(b"stsz", bytes(4), struct.pack(">II", 8, 3)),
        table(b"co64", at, at + 21, form="Q"),
    )
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"meta"), box(b"minf", stbl)))
    movie = start + box(b"mdat", content) + box(b"moov", make_track(b"vide", [b"frame"], [at + 16]), track)
    made = prepare(movie).data
    assert tells_nothing(made)
    assert made[at : at + len(content)] == bytes(16) + b"frame" + bytes(8)


def test_a_track_of_positions_whose_samples_cannot_be_found_is_refused() -> None:
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"meta"), box(b"minf", box(b"stbl", box(b"stz2")))))
    moov = box(b"moov", make_track(b"vide", [], []), track)
    assert refuse(box(b"ftyp", b"isom", bytes(4)) + moov + box(b"mdat")) == "media-unsupported"
    scattered = box(b"moov", make_track(b"vide", [], []), make_track(b"meta", [], []))
    assert refuse(box(b"ftyp", b"isom", bytes(4)) + scattered + box(b"moof") + box(b"mdat")) == "media-unsupported"


def test_a_video_in_fragments_is_cleaned_like_any_other() -> None:
    moof = box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", box(b"tfhd", bytes(8)), *TALK), *TALK)
    movie = box(b"ftyp", b"iso5", bytes(4)) + box(b"moov", make_track(b"vide", [], [])) + moof + box(b"mdat", b"frames")
    made = prepare(movie).data
    assert tells_nothing(made)
    assert len(made) == len(movie)


@pytest.mark.parametrize(
    ("brand", "tracks", "kind", "mime"),
    [
        (b"qt  ", (PICTURES, SOUND), "video", "video/quicktime"),
        (b"3gp4", (PICTURES, SOUND), "video", "video/3gpp"),
        (b"mp42", (PICTURES,), "video", "video/mp4"),
        (b"M4V ", (PICTURES,), "video", "video/mp4"),
        (b"M4A ", (SOUND,), "voice", "audio/mp4"),
        (b"isom", (SOUND,), "voice", "audio/mp4"),
        (b"3gp4", (SOUND,), "voice", "audio/3gpp"),
        (b"M4A ", (PICTURES, SOUND), "video", "video/mp4"),
    ],
)
def test_whether_it_is_a_video_is_told_by_its_tracks(
    brand: bytes, tracks: tuple[tuple[bytes, list[bytes]], ...], kind: str, mime: str
) -> None:
    made = prepare(make_movie(*tracks, brand=brand), "voice")
    assert (made.kind, made.mime) == (kind, mime)


def test_a_3gp_location_box_is_removed() -> None:
    loci = box(b"loci", bytes(6), b"SecretStreet\0\0", struct.pack(">iii", -58, -34, 20))
    assert tells_nothing(prepare(make_movie(PICTURES, brand=b"3gp5", inside=(box(b"udta", loci),))).data)


def test_an_old_quicktime_film_needs_no_ftyp() -> None:
    moov = box(b"moov", make_track(b"vide", [], []), *TALK)
    made = prepare(moov + box(b"mdat", b"frames"))
    assert made.mime == "video/quicktime"
    assert tells_nothing(made.data)


def test_a_last_box_may_reach_to_the_end() -> None:
    whole = box(b"ftyp", b"isom", bytes(4)) + box(b"moov", make_track(b"vide", [], [])) + box(b"mdat", b"frames")
    endless = whole[:-14] + struct.pack(">I4s", 0, b"mdat") + b"frames"
    assert prepare(endless).data == endless


def test_a_video_that_broke_off_keeps_what_arrived_if_it_can_be_played() -> None:
    moov = box(b"moov", make_track(b"vide", [], []))
    movie = box(b"ftyp", b"isom", bytes(4)) + moov + box(b"mdat", b"frames" * 100)
    assert prepare(movie[:-200]).data == movie[:-200]
    late = make_movie(PICTURES)
    assert refuse(late[:-20]) == "media-broken"


def test_an_archive_hidden_behind_a_video_is_removed() -> None:
    hidden = BytesIO()
    with ZipFile(hidden, "w") as archive:
        archive.writestr("name", "SecretTrailer")
    movie = make_movie(PICTURES)
    assert prepare(movie + hidden.getvalue()).data == movie


@pytest.mark.parametrize(
    "data",
    [
        box(b"ftyp", b"isom", bytes(4)),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov") + box(b"mdat"),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", make_track(b"vide", [], [])),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", make_track(b"text", [], [])) + box(b"mdat"),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", struct.pack(">I4s", 900, b"trak")) + box(b"mdat"),
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", struct.pack(">I4s", 3, b"trak")) + box(b"mdat"),
    ],
)
def test_an_mp4_that_cannot_be_played_is_broken(data: bytes) -> None:
    assert refuse(data) == "media-broken"


def test_the_title_of_a_webm_is_removed_and_its_clock_is_not() -> None:
    told = (element(0x7BA9, b"SecretTitle"), element(0x4461, b"SecretDT"))
    made = prepare(make_webm(1, told=told)).data
    assert tells_nothing(made)
    assert len(made) == len(make_webm(1, told=told))
    assert element(0x2AD7B1, b"\x0f\x42\x40") in made


@pytest.mark.parametrize("live", [False, True])
def test_a_webm_is_kept_byte_for_byte_but_for_its_tags(live: bool) -> None:
    plain = make_webm(1, 2, live=live)
    assert prepare(plain) == Prepared(kind="video", mime="video/webm", data=plain)
    talkative = make_webm(1, 2, live=live, more=WEBM_TALK)
    made = prepare(talkative).data
    assert tells_nothing(made)
    assert len(made) == len(talkative)
    assert made.count(b"frame") == 2
    assert made.rindex(b"frame") == talkative.rindex(b"frame")
    assert prepare(made).data == made


@pytest.mark.parametrize(
    ("types", "doc", "kind", "mime"),
    [
        ((2,), b"webm", "voice", "audio/webm"),
        ((1,), b"matroska", "video", "video/x-matroska"),
        ((2,), b"matroska", "voice", "audio/x-matroska"),
    ],
)
def test_a_webm_is_what_its_tracks_are(types: tuple[int, ...], doc: bytes, kind: str, mime: str) -> None:
    made = prepare(make_webm(*types, doc=doc))
    assert (made.kind, made.mime) == (kind, mime)


def test_a_webm_with_subtitles_may_tell_too_much() -> None:
    assert refuse(make_webm(1, 0x11)) == "media-unsupported"


def test_what_follows_a_webm_is_removed() -> None:
    movie = make_webm(1)
    assert prepare(movie + b"SecretTrailer").data == movie


@pytest.mark.parametrize(
    "data",
    [
        make_webm(),
        make_webm(1)[:20],
        make_webm(1).partition(b"\x1fC\xb6u")[0],
        b"\x1aE\xdf\xa3",
        b"\x1aE\xdf\xa3" + bytes(50),
    ],
)
def test_a_webm_that_cannot_be_played_is_broken(data: bytes) -> None:
    assert refuse(data) == "media-broken"
