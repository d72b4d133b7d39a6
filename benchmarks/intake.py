"""Messages per second of the whole way in: a Telegram update's JSON read, its conversation run, all of it on disk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.contest import Entry, Result, compete, ratios
from benchmarks.ours import Ours, OursSending
from benchmarks.peer import Peer
from benchmarks.walk import STEPS, Walk
from bot.channels.telegram import CONNECTIONS

OURS, FEWER, SENDING, MEMORY, PERSISTENT = "ours", "ours-40", "ours-sending", "memory", "pickle"
# A pickle written after each update takes so long that these of a lap must speak for all.
SAMPLED = 12

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(OURS, Ours),
        Entry(MEMORY, Peer),
        Entry(PERSISTENT, partial(Peer, 1), SAMPLED),
        Entry("pickle-grouped", partial(Peer, CONNECTIONS), 2 * CONNECTIONS),
        Entry("pickle-lazy", partial(Peer, 0)),
        Entry(FEWER, partial(Ours, 40)),
        Entry(SENDING, OursSending),
    )
}
USUAL = (OURS, MEMORY, PERSISTENT, "pickle-lazy", SENDING)
PTB = "python-telegram-bot"
SENTENCES = {
    OURS: "ours: in SQLite with synchronous=FULL, replies in the outbox",
    MEMORY: f"{PTB}, in memory: a restart loses everything",
    PERSISTENT: f"{PTB}, pickle written after each update",
    "pickle-grouped": f"{PTB}, pickle written once for {CONNECTIONS} updates",
    "pickle-lazy": f"{PTB}, pickle as it comes: loses up to 60 s",
    FEWER: "ours, with 40 in flight",
    SENDING: "ours, and every reply sent from the outbox too",
}


def intake(sizes: Sequence[int], walkers: int, rounds: int, names: Sequence[str]) -> None:
    """Measure with so many chats each, and print; raises where a side has not done all of the work."""
    found: dict[int, dict[str, Result]] = {}
    for chats in sizes:
        walk = Walk(chats, min(walkers, chats), rounds)
        found[chats] = compete([ENTRIES[name] for name in names], walk)
        for name, result in found[chats].items():
            check(name, result, walk)
        print(
            f"\nIntake: {chats:,} chats, {walk.walkers:,} go on to a ticket, {CONNECTIONS} in flight, {rounds} rounds"
        )
        show_rates(found[chats])
        show_ratios(found[chats])
    show_flatness(found)


def show_rates(results: dict[str, Result]) -> None:
    """What each side does in a second."""
    print(f"\n{'messages per second, median':66} {'of cpu':>8} {'of clock':>8}")
    for name, result in results.items():
        print(f"  {SENTENCES[name]:64} {result.median('cpu'):8,.0f} {result.median('wall'):8,.0f}")


def show_ratios(results: dict[str, Result]) -> None:
    """Ours by each peer, and ours with the sending, which the peer in memory does as well, by that."""
    pairs = [(OURS, name) for name in results if not name.startswith(OURS)] + [(FEWER, MEMORY), (SENDING, MEMORY)]
    print(f"\n{'ratios, median (least - most)':66} {'by cpu time':22} by the clock")
    for one, other in pairs:
        if one in results and other in results:
            both = [ratios(results[one], results[other], kind) for kind in ("cpu", "wall")]
            cpu, wall = (f"{middle:.2f} ({least:.2f} - {most:.2f})" for least, middle, most in both)
            print(f"  {one + ' / ' + other:64} {cpu:22} {wall}")


def show_flatness(found: dict[int, dict[str, Result]]) -> None:
    """What more chats do to each side: 1 is nothing."""
    few, many = min(found), max(found)
    if few == many:
        return
    print(f"\nwith {many:,} chats by with {few:,}, of cpu")
    for name, result in found[many].items():
        print(f"  {name:64} {result.median('cpu') / found[few][name].median('cpu'):8.2f}")


def check(name: str, result: Result, walk: Walk) -> None:
    """Nobody is fast by leaving work out."""
    replies = walk.chats + walk.walkers * (STEPS - 1)
    if (result.done.replies, result.done.tickets) != (replies, walk.walkers):
        raise AssertionError(f"{name} did {result.done}, not {replies} replies and {walk.walkers} tickets")
