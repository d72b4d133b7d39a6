"""What becomes of videos and voice notes: they play as before, and tell nothing beside what they show and say."""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import accumulate
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import MediaKind
from storage.formats import Prepared, Refused
from storage.workbench import prepare_here

POSITION = b"-34.6036-058.3816/"
FRAMES = {"video": [b"picture one ", b"picture two!", b"picture 3"], "sound": [b"la", b"la la"]}
TRACK = [b"SecretPosition 1", b"SecretPosition 22"]


def prepare(data: bytes, kind: MediaKind = "document") -> Prepared:
    made = prepare_here(data, kind)
    assert isinstance(made, Prepared), made
    return made


def refuse(data: bytes, kind: MediaKind = "document") -> str:
    made = prepare_here(data, kind)
    assert isinstance(made, Refused), made
    return made.reason


def tells_nothing(data: bytes) -> bool:
    return b"Secret" not in data and POSITION not in data


# --- MP4, made by hand


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def table(kind: bytes, *numbers: int, form: str = "I") -> bytes:
    return box(kind, bytes(4), struct.pack(">I", len(numbers)), struct.pack(f">{len(numbers)}{form}", *numbers))


def make_track(handler: bytes, samples: list[bytes], offsets: list[int], *more: bytes) -> bytes:
    """Make a track of one sample to a chunk."""
    sizes = [len(sample) for sample in samples]
    stbl = box(
        b"stbl",
        box(b"stsd", bytes(8)),
        box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 1, 1)),
        box(b"stsz", bytes(8), struct.pack(f">I{len(sizes)}I", len(sizes), *sizes)),
        table(b"stco", *offsets),
    )
    mdia = box(b"mdia", box(b"mdhd", bytes(24)), box(b"hdlr", bytes(8), handler, bytes(13)), box(b"minf", stbl))
    return box(b"trak", box(b"tkhd", bytes(84)), mdia, *more)


TALK = (
    box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(POSITION), 0x15C7), POSITION), box(b"\xa9mod", b"SecretPhone")),
    box(b"meta", box(b"keys", b"com.apple.quicktime.location.ISO6709"), box(b"ilst", POSITION, b"SecretMaker")),
    box(b"uuid", b"0123456789abcdef", b"<x:xmpmeta>SecretXmp</x:xmpmeta>"),
    box(b"free", b"SecretLeftover"),
)


def make_movie(
    *tracks: tuple[bytes, list[bytes]], brand: bytes = b"isom", inside: tuple[bytes, ...] = (), wide: bool = False
) -> bytes:
    """Make an MP4 of these tracks whose samples lie one behind the other in `mdat`, which comes first."""
    start = box(b"ftyp", brand, bytes(4))
    samples = [sample for _, some in tracks for sample in some]
    content = b"".join(samples)
    header = struct.pack(">I4sQ", 1, b"mdat", 16 + len(content)) if wide else box(b"mdat", content)[:8]
    places = list(accumulate(map(len, samples), initial=len(start) + len(header)))
    traks, first = [], 0
    for handler, some in tracks:
        traks.append(make_track(handler, some, places[first : first + len(some)], *inside))
        first += len(some)
    return start + header + content + box(b"moov", box(b"mvhd", bytes(100)), *traks, *inside)


PICTURES, SOUND = (b"vide", FRAMES["video"]), (b"soun", FRAMES["sound"])


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


# --- WebM, made by hand

UNKNOWN = b"\x01" + b"\xff" * 7


def element(number: int, *parts: bytes, size: bytes | None = None) -> bytes:
    body = b"".join(parts)
    mark = size or (len(body) | 1 << 28).to_bytes(4, "big")
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + mark + body


def make_webm(
    *types: int, live: bool = False, doc: bytes = b"webm", more: tuple[bytes, ...] = (), told: tuple[bytes, ...] = ()
) -> bytes:
    """Make a WebM with tracks of these types (1 video, 2 audio), as a file or as a live recording."""
    size = UNKNOWN if live else None
    tracks = element(0x1654AE6B, *(element(0xAE, element(0xD7, b"\1"), element(0x83, bytes([kind]))) for kind in types))
    cluster = element(0x1F43B675, element(0xE7, b"\0"), element(0xA3, b"\x81\0\0\x80frame"), size=size)
    header = element(0x1A45DFA3, element(0x4282, doc))
    return header + element(
        0x18538067,
        element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40"), *told),
        tracks,
        cluster,
        *more,
        cluster,
        size=size,
    )


WEBM_TALK = (
    element(0x1254C367, element(0x7373, b"LOCATION SecretPlace")),
    element(0x1941A469, element(0x61A7, b"SecretCover")),
    element(0x1043A770, b"SecretChapter"),
    element(0xEC, b"SecretLeftover"),
)


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


# --- Ogg, made by hand


def checksum(data: bytes) -> int:
    """Compute the checksum of RFC 3533 bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if value & 0x80000000 else value << 1
    return value


def page(number: int, lacing: list[int], body: bytes, serial: int = 7) -> bytes:
    head = b"OggS\0\0" + bytes(8) + struct.pack("<III", serial, number, 0) + bytes([len(lacing), *lacing])
    return head[:22] + struct.pack("<I", checksum(head + body)) + head[26:] + body


def lace(*packets: bytes) -> list[int]:
    return [length for packet in packets for length in [255] * (len(packet) // 255) + [len(packet) % 255]]


def make_comments(prefix: bytes, *comments: bytes, end: bytes = b"") -> bytes:
    packed = b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)
    return prefix + struct.pack("<I", 6) + b"vendor" + struct.pack("<I", len(comments)) + packed + end


COMMENTS = (b"LOCATION=SecretPlace " + POSITION, b"ARTIST=Secret Person")
OPUS = b"OpusHead\1\1" + bytes(9)


def make_voice(head: bytes = OPUS, tags: bytes = make_comments(b"OpusTags", *COMMENTS), rest: bytes = b"") -> bytes:
    packets = [tags, rest] if rest else [tags]
    first, second = page(0, lace(head), head), page(1, lace(*packets), b"".join(packets))
    return first + second + page(2, [5], b"voice")


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


# --- MP3, AAC, AMR and WAV, made by hand

MP3_FRAME = b"\xff\xfb\x90\x00" + b"\x55" * 413  # MPEG 1 layer III, 128 kbit/s, 44,100 Hz: 417 bytes
MP3_LOW = b"\xff\xf3\x40\x00" + b"\x55" * 204  # MPEG 2 layer III, 32 kbit/s, 22,050 Hz: 104 bytes, twice
AAC_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\x55" * 9  # 16 bytes
ID3 = b"ID3\x04\0\0" + bytes([0, 0, 1, 5]) + b"SecretTitle" + b"\xff\xfb\x90\0" + bytes(118)


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


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def make_wav(*chunks: bytes) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


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


# --- whatever comes

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
