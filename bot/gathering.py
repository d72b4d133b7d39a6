"""Messages that wait for their files or for the rest of their album, and who of them may be heard now."""

from __future__ import annotations

import msgspec

from bot.messages import Inbound, Media

# An album's parts come one by one and nobody says how many there are: wait this long after the last arrival.
ALBUM_PAUSE = 1.2
# A photo that takes longer than this to fetch is awaited no more; the report goes on with it pending.
FETCH_PATIENCE = 12.0
# Clocks of floats: a timer set for a moment may ring a hair before it.
HAIR = 0.01


class Gathered(msgspec.Struct):
    """A message with what is known of its files, and when it arrived."""

    inbound: Inbound
    media: tuple[Media, ...]
    arrived: float


def read_queue(raw: str) -> list[Gathered]:
    """The messages that `write_queue` wrote, oldest first; none when an older version wrote them too differently."""
    try:
        return msgspec.json.decode(raw, type=list[Gathered])
    except msgspec.MsgspecError:
        return []


def write_queue(queue: list[Gathered]) -> str:
    """The queue as JSON."""
    return msgspec.json.encode(queue).decode()


def settle_file(queue: list[Gathered], media: Media) -> bool:
    """Note what became of a file; False when no message waits for it."""
    waited = False
    for each in queue:
        if any(known.id == media.id for known in each.media):
            each.media = tuple(media if known.id == media.id else known for known in each.media)
            waited = True
    return waited


def correct_text(queue: list[Gathered], message: str, text: str) -> bool:
    """Give a waiting message (by its provider's id) other words; False when it does not wait here."""
    for each in queue:
        if each.inbound.message == message != "":
            each.inbound = msgspec.structs.replace(each.inbound, text=text)
            return True
    return False


def take_ready(queue: list[Gathered], now: float) -> Gathered | None:
    """Take the oldest message off the queue when it may be heard, an album as one; None while it has to wait."""
    if not queue or not _ready(parts := _parts(queue), now):
        return None
    first = parts[0]
    queue[:] = [each for each in queue if each not in parts]
    caption = next((part.inbound.text for part in parts if part.inbound.text), "")
    captioned = any(part.inbound.captioned for part in parts)
    inbound = msgspec.structs.replace(first.inbound, text=caption, captioned=captioned)
    return Gathered(inbound, tuple(media for part in parts for media in part.media), first.arrived)


def _parts(queue: list[Gathered]) -> list[Gathered]:
    group = queue[0].inbound.group
    return [each for each in queue if each.inbound.group == group] if group else queue[:1]


def _ready(parts: list[Gathered], now: float) -> bool:
    waited = now - max(part.arrived for part in parts)
    settled = all(media.status != "pending" for part in parts for media in part.media)
    complete = not parts[0].inbound.group or waited >= ALBUM_PAUSE - HAIR
    return complete and (settled or waited >= FETCH_PATIENCE - HAIR)
