"""How fast an account may send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pacing import Pace, Pacer, Rate

PACE = Pace(chat=Rate(1.0, 3), group=Rate(60 / 18, 2), account=Rate(1 / 25, 5), bulk=Rate(1 / 15), group_mark="-")


def send_greedily(pacer: Pacer, address: str, seconds: float) -> list[float]:
    """Send to one chat whenever it is allowed; return when that was."""
    now, times = 0.0, []
    while (now := max(now, pacer.chat_opens_at(address))) <= seconds:
        pacer.spend(address, now)
        times.append(now)
    return times


def test_a_private_chat_hears_three_at_once_and_then_one_a_second() -> None:
    assert send_greedily(Pacer(PACE), "7", 4.0) == [0, 0, 0, 1, 2, 3, 4]


def test_a_chat_at_rest_gets_its_burst_back() -> None:
    pacer = Pacer(PACE)
    send_greedily(pacer, "7", 1.0)
    assert pacer.chat_opens_at("7") == 2.0
    pacer.spend("7", 10.0)
    pacer.spend("7", 10.0)
    assert pacer.chat_opens_at("7") == 10.0


def test_a_group_stays_below_twenty_in_every_minute() -> None:
    times = send_greedily(Pacer(PACE), "-100", 600.0)
    assert len(times) == pytest.approx(180, abs=3)
    assert max(sum(start <= time <= start + 60 for time in times) for start in times) <= 20


def test_all_who_write_in_a_group_share_its_pace() -> None:
    pacer = Pacer(PACE)
    pacer.spend("-100/7", 0.0)
    pacer.spend("-100/8", 0.0)
    assert pacer.chat_opens_at("-100") == pytest.approx(60 / 18)
    assert pacer.chat_opens_at("-100/9") == pacer.chat_opens_at("-100")


def test_chats_do_not_slow_each_other_down() -> None:
    pacer = Pacer(PACE)
    send_greedily(pacer, "7", 0.0)
    assert pacer.chat_opens_at("7") > 0
    assert pacer.chat_opens_at("8") == 0


def test_an_account_begins_twenty_five_a_second() -> None:
    pacer, sent = Pacer(PACE), 0
    for step in range(1000):
        now = 100 + step / 100
        while pacer.room(now, 64):
            pacer.spend(str(sent), now)
            sent += 1
    assert sent == pytest.approx(10 * 25, abs=6)


def test_bulk_leaves_room_for_those_who_wait_for_an_answer() -> None:
    pacer, interactive, bulk = Pacer(PACE), 0, 0
    for step in range(1000):
        now = 100 + step / 100
        while pacer.bulk_room(now, 64):
            pacer.spend(f"bulk {bulk}", now, bulk=True)
            bulk += 1
        while pacer.room(now, 64):
            pacer.spend(str(interactive), now)
            interactive += 1
    assert bulk <= 10 * 15 + 1
    assert interactive >= 10 * 10
    assert interactive + bulk == pytest.approx(10 * 25, abs=6)


def test_bulk_alone_goes_at_its_own_rate() -> None:
    pacer, bulk = Pacer(PACE), 0
    for step in range(10_000):
        while pacer.bulk_room(100 + step / 1000, 64):
            pacer.spend(f"bulk {bulk}", 100 + step / 1000, bulk=True)
            bulk += 1
    assert bulk == pytest.approx(10 * 15, abs=2)


def test_there_is_never_more_room_than_slots_nor_bulk_room_than_room() -> None:
    pacer = Pacer(PACE)
    assert pacer.room(1.0, 2) == 2
    assert pacer.room(1.0, 64) == 5
    pacer.block(5.0)
    assert pacer.room(1.0, 64) == 0
    assert pacer.bulk_room(1.0, 64) == 0
    assert pacer.room(5.0, 64) == 5


def test_an_account_without_limits_has_all_the_room_and_nothing_to_wait_for() -> None:
    pacer = Pacer(Pace())
    for _ in range(100):
        pacer.spend("7", 1.0, bulk=True)
    assert pacer.room(1.0, 64) == pacer.bulk_room(1.0, 64) == 64
    assert pacer.chat_opens_at("7") == 0
    assert pacer.opens_at(1.0) is None


def test_an_effect_that_no_chat_sees_has_no_chat_to_wait_for() -> None:
    pacer = Pacer(PACE)
    for _ in range(10):
        pacer.spend("", 1.0)
    assert pacer.chat_opens_at("") == 0


def test_it_says_when_what_it_holds_back_may_go() -> None:
    pacer = Pacer(PACE)
    for _ in range(5):
        pacer.spend("", 100.0)
    opens_at = pacer.opens_at(100.0)
    assert opens_at is not None
    assert pacer.room(opens_at, 64) == 1
    assert pacer.room(opens_at - 0.001, 64) == 0


def test_three_chats_throttled_within_two_seconds_silence_the_account() -> None:
    pacer = Pacer(PACE)
    assert not pacer.throttled("a", 10.0, 13.0)
    assert not pacer.throttled("a", 10.5, 13.0)
    assert not pacer.throttled("b", 11.0, 13.0)
    assert pacer.throttled("c", 11.9, 16.0)
    assert pacer.room(15.9, 64) == 0
    assert pacer.room(16.0, 64) > 0


def test_three_chats_throttled_one_after_the_other_do_not() -> None:
    pacer = Pacer(PACE)
    assert not any(pacer.throttled(lane, at, at + 3) for lane, at in [("a", 1.0), ("b", 2.5), ("c", 4.0), ("d", 6.1)])


@given(
    st.lists(st.tuples(st.floats(0, 0.3), st.integers(0, 3)), min_size=1, max_size=120),
    st.floats(0.01, 2.0),
    st.integers(1, 5),
)
def test_no_window_ever_holds_more_than_the_rate_allows(
    wishes: list[tuple[float, int]], every: float, burst: int
) -> None:
    pacer, now = Pacer(Pace(chat=Rate(every, burst))), 0.0
    sent: dict[str, list[float]] = {}
    for pause, chat in wishes:
        now += pause
        if pacer.chat_opens_at(str(chat)) <= now:
            pacer.spend(str(chat), now)
            sent.setdefault(str(chat), []).append(now)
    for times in sent.values():
        for first, start in enumerate(times):
            for count, end in enumerate(times[first:], 1):
                assert count <= burst + (end - start) / every + 1e-6


def test_a_long_sms_takes_its_further_segments_from_the_account_afterwards() -> None:
    pacer = Pacer(Pace(account=Rate(1.0, 3), chat=Rate(1.0, 5)))
    pacer.spend("+5491155550000", 100.0)
    pacer.charge(0, 100.0)
    assert pacer.room(100.0, 9) == 2
    pacer.charge(4, 100.0)
    assert pacer.room(100.0, 9) == 0
    assert pacer.opens_at(100.0) == 103.0
    assert pacer.chat_opens_at("+5491155550000") <= 100.0
