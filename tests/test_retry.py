"""What becomes of a row after a failure, class by class."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import ErrorClass, SendError
from bot.retry import (
    CEILING_SPREAD,
    DECIDE,
    IDEMPOTENT,
    MOST_DOUBTS,
    NOT_SENT_DELAYS,
    NOT_YET_DELAYS,
    RECONCILE,
    SERVER_DELAYS,
    Attempt,
    Decision,
    Dropped,
    Failed,
    Gone,
    Held,
    Later,
    Migrated,
    OptedOut,
    PauseAccount,
    Policy,
    Unknown,
    decide,
)

NOW = 1000.0
ONCE = Policy()


def after(
    kind: ErrorClass,
    attempt: Attempt | None = None,
    policy: Policy = ONCE,
    *,
    retry_after: float | None = None,
    moved_to: str = "",
    jitter: float = 0.0,
) -> Decision:
    error = SendError(kind, "reason", retry_after=retry_after, moved_to=moved_to)
    return decide(error, attempt or Attempt(), policy, NOW, jitter)


def waits(kind: ErrorClass, times: int, policy: Policy = ONCE) -> list[float]:
    """The waits between so many failures of one class in a row, and nothing after the end."""
    attempt, found = Attempt(), []
    for _ in range(times):
        decision = after(kind, attempt, policy)
        if not isinstance(decision, Later) or decision.plain:
            break
        found.append(decision.due - NOW)
        attempt = Attempt(attempts=decision.attempts, error_class=kind, doubts=decision.doubts)
    return found


def test_every_error_class_has_a_decision() -> None:
    assert set(DECIDE) == set(get_args(ErrorClass))


def test_what_never_left_is_tried_for_ever_and_never_rarer_than_every_five_minutes() -> None:
    assert waits("not_sent", 12) == [1, 2, 5, 10, 30, 60, 120, 300, 300, 300, 300, 300]


def test_what_never_left_is_dropped_when_it_would_come_too_late() -> None:
    attempt = Attempt(attempts=4, error_class="not_sent", expires_at=NOW + 30)
    assert after("not_sent", attempt) == Dropped()
    assert isinstance(after("not_sent", Attempt(attempts=3, error_class="not_sent", expires_at=NOW + 30)), Later)


def test_a_throttled_row_waits_as_long_as_the_provider_says_and_loses_no_try() -> None:
    attempt = Attempt(attempts=4, error_class="server")
    decision = after("throttled", attempt, retry_after=17, jitter=0.5)
    assert decision == Later(NOW + 17.5, attempts=4, doubts=0, plain=False, counted=False)


def test_a_provider_that_throttles_without_a_time_is_given_some_seconds() -> None:
    decision = after("throttled")
    assert isinstance(decision, Later)
    assert 1 < decision.due - NOW < 30


def test_the_providers_own_fault_is_tried_five_times_more_and_then_failed() -> None:
    assert waits("server", 99) == [1, 5, 25, 125, 300]
    assert after("server", Attempt(attempts=len(SERVER_DELAYS), error_class="server")) == Failed()


def test_a_provider_that_names_a_time_is_not_asked_before() -> None:
    decision = after("server", retry_after=40)
    assert isinstance(decision, Later)
    assert decision.due == NOW + 40


def test_an_outage_of_the_network_costs_no_try_of_the_providers() -> None:
    decision = after("server", Attempt(attempts=30, error_class="not_sent"))
    assert decision == Later(NOW + SERVER_DELAYS[0], attempts=1, doubts=0, plain=False)


def test_a_doubtful_message_is_repeated_once_and_then_stays_unknown() -> None:
    first = after("ambiguous", Attempt(attempts=2, error_class="server"))
    assert first == Later(NOW + ONCE.repeat_after, attempts=2, doubts=1, plain=False, counted=False)
    assert after("ambiguous", Attempt(doubts=1)) == Unknown(2)


def test_bulk_in_doubt_is_never_repeated() -> None:
    assert after("ambiguous", Attempt(bulk=True)) == Unknown(1)


def test_where_it_can_be_found_out_a_doubt_waits_long_enough_to_be_resolved_also_for_bulk() -> None:
    attempt, times = Attempt(attempts=2, error_class="server", bulk=True), 0
    while isinstance(decision := after("ambiguous", attempt, RECONCILE), Later):
        times += 1
        assert decision == Later(NOW + 20, attempts=2, doubts=times, plain=False, counted=False)
        attempt = Attempt(attempts=2, error_class="server", bulk=True, doubts=decision.doubts)
    assert times == MOST_DOUBTS
    assert decision == Unknown(MOST_DOUBTS + 1)


@pytest.mark.parametrize("policy", [ONCE, RECONCILE])
def test_what_may_not_be_said_now_is_held_whatever_came_before(policy: Policy) -> None:
    assert after("window", Attempt(doubts=1, attempts=9), policy) == Held("reason")


def test_a_stop_at_the_provider_closes_the_address() -> None:
    assert after("opted_out", policy=RECONCILE) == OptedOut()


def test_a_spent_ceiling_waits_for_the_next_day_and_costs_no_try() -> None:
    attempt = Attempt(attempts=3, error_class="server", bulk=True)
    decision = after("ceiling", attempt, RECONCILE, retry_after=7200, jitter=0.5)
    assert decision == Later(NOW + 7200 + CEILING_SPREAD / 2, attempts=3, doubts=0, plain=False, counted=False)


@pytest.mark.parametrize("policy", [ONCE, RECONCILE])
@pytest.mark.parametrize("kind", ["content", "server", "stale", "not_yet"])
def test_what_may_have_arrived_once_never_counts_as_failed(kind: ErrorClass, policy: Policy) -> None:
    attempt = Attempt(attempts=99, error_class=kind, doubts=1, plain=True)
    assert after(kind, attempt, policy) == Unknown(1)


def test_what_may_have_arrived_and_expires_stays_unknown() -> None:
    assert after("not_sent", Attempt(doubts=1, expires_at=NOW + 0.5)) == Unknown(1)


def test_an_effect_that_bears_repetition_is_simply_repeated() -> None:
    assert waits("ambiguous", 99, IDEMPOTENT) == list(SERVER_DELAYS)
    attempt = Attempt(attempts=len(SERVER_DELAYS), error_class="ambiguous", doubts=3)
    assert after("ambiguous", attempt, IDEMPOTENT) == Failed()


def test_refused_words_are_tried_once_more_in_their_plainest_form() -> None:
    assert after("content") == Later(NOW, attempts=0, doubts=0, plain=True)
    assert after("content", Attempt(plain=True)) == Failed()
    assert after("content", policy=IDEMPOTENT) == Failed()


def test_what_is_not_ready_is_waited_for_two_minutes_then_said_plainly_then_failed() -> None:
    patience = waits("not_yet", 99)
    assert patience[0] < 1
    assert 100 < sum(patience) < 150
    spent = Attempt(attempts=len(NOT_YET_DELAYS), error_class="not_yet")
    assert after("not_yet", spent) == Later(NOW, attempts=0, doubts=0, plain=True)
    assert after("not_yet", Attempt(attempts=len(NOT_YET_DELAYS), error_class="not_yet", plain=True)) == Failed()


def test_a_moved_chat_is_followed_at_once_but_not_in_circles() -> None:
    decision = after("migrated", moved_to="-100")
    assert decision == Migrated("-100", Later(NOW, attempts=1, doubts=0, plain=False))
    assert after("migrated", Attempt(attempts=3, error_class="migrated"), moved_to="-100") == Failed()
    assert after("migrated") == Failed()


def test_a_refused_account_pauses_and_keeps_the_row_as_it_is() -> None:
    attempt = Attempt(attempts=2, error_class="server", doubts=1, plain=True)
    decision = after("config", attempt)
    assert isinstance(decision, PauseAccount)
    assert decision.later.due > NOW
    assert (decision.later.attempts, decision.later.doubts, decision.later.plain) == (2, 1, True)
    assert not decision.later.counted


def test_one_provider_that_refuses_us_does_not_silence_the_errands_of_others() -> None:
    assert waits("config", 4, IDEMPOTENT) == [1, 2, 5, 10]


def test_nobody_there_and_no_longer_wanted_end_a_row() -> None:
    assert after("gone") == Gone()
    assert after("stale") == Dropped()


@given(
    kind=st.sampled_from(get_args(ErrorClass)),
    attempts=st.integers(0, 50),
    last=st.sampled_from(("", *get_args(ErrorClass))),
    doubts=st.integers(0, 3),
    flags=st.tuples(st.booleans(), st.booleans()),
    expires_in=st.none() | st.floats(0.1, 1e4),
    retry_after=st.none() | st.floats(0, 3600),
    policy=st.sampled_from([ONCE, IDEMPOTENT, RECONCILE]),
)
def test_nothing_is_due_in_the_past_or_after_it_expired(
    kind: ErrorClass,
    attempts: int,
    last: str,
    doubts: int,
    flags: tuple[bool, bool],
    expires_in: float | None,
    retry_after: float | None,
    policy: Policy,
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    attempt = Attempt(
        attempts=attempts, error_class=last, doubts=doubts, plain=flags[0], bulk=flags[1], expires_at=expires_at
    )
    decision = after(kind, attempt, policy, retry_after=retry_after, moved_to="-100")
    if isinstance(decision, Later):
        assert NOW <= decision.due <= NOW + max(NOT_SENT_DELAYS[-1], retry_after or 0.0)
        assert expires_at is None or decision.due < expires_at
        assert decision.doubts in {doubts, doubts + 1}
        assert decision.plain >= attempt.plain
    if policy.repeats != "always" and doubts:
        assert not isinstance(decision, Failed | Dropped)
