"""A day as officials write it, in each language, by the calendar of the demo pack."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locales import LANGUAGES
from routing.dates import MOST_DAYS_AHEAD, read_day, show_day, split_day
from tests.machine import demo_pack

CALENDAR = demo_pack().timetable.calendar
# A Tuesday; the Tuesday after it and the Monday before that are no working days.
TODAY = date(2026, 3, 10)
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))
AHEAD = st.integers(0, MOST_DAYS_AHEAD)
WRITTEN = [
    ("es", "hoy", date(2026, 3, 10)),
    ("es", "mañana", date(2026, 3, 11)),
    ("es", "MANANA", date(2026, 3, 11)),
    ("es", "pasado mañana", date(2026, 3, 12)),
    ("es", "viernes", date(2026, 3, 13)),
    ("es", "el viernes que viene", date(2026, 3, 13)),
    ("es", "martes", date(2026, 3, 17)),
    ("es", "para el lunes", date(2026, 3, 16)),
    ("es", "15/12", date(2026, 12, 15)),
    ("es", "15/12/26", date(2026, 12, 15)),
    ("es", "15.12.2026", date(2026, 12, 15)),
    ("es", "12/15", date(2026, 12, 15)),
    ("es", "2026-12-15", date(2026, 12, 15)),
    ("es", "viernes 13/3", date(2026, 3, 13)),
    ("es", "15 de diciembre", date(2026, 12, 15)),
    ("es", "el 15", date(2026, 3, 15)),
    ("es", "el 9", date(2026, 4, 9)),
    ("es", "en 3 días", date(2026, 3, 13)),
    ("es", "en tres dias", date(2026, 3, 13)),
    ("es", "dentro de una semana", date(2026, 3, 17)),
    ("es", "en 2 meses", date(2026, 5, 10)),
    # The 23rd is a bridge, the 24th a holiday.
    ("es", "en 9 días hábiles", date(2026, 3, 25)),
    ("es", "esta semana", date(2026, 3, 13)),
    ("es", "la semana que viene", date(2026, 3, 20)),
    ("es", "fin de mes", date(2026, 3, 31)),
    ("es", "viernes 13", date(2026, 3, 13)),
    ("es", "el viernes próximo", date(2026, 3, 13)),
    ("pt", "na sexta feira", date(2026, 3, 13)),
    ("pt", "sexta feira que vem", date(2026, 3, 13)),
    ("pt", "amanhã", date(2026, 3, 11)),
    ("pt", "depois de amanhã", date(2026, 3, 12)),
    ("pt", "sexta", date(2026, 3, 13)),
    ("pt", "na sexta-feira", date(2026, 3, 13)),
    ("pt", "daqui a 3 dias", date(2026, 3, 13)),
    ("pt", "15 de dezembro", date(2026, 12, 15)),
    ("pt", "semana que vem", date(2026, 3, 20)),
    ("en", "tomorrow", date(2026, 3, 11)),
    ("en", "next friday", date(2026, 3, 13)),
    ("en", "in two weeks", date(2026, 3, 24)),
    ("en", "December 15th", date(2026, 12, 15)),
    ("en", "15 december 2026", date(2026, 12, 15)),
    ("en", "the day after tomorrow", date(2026, 3, 12)),
    # Who works in one language writes in another.
    ("en", "mañana", date(2026, 3, 11)),
    ("es", "friday", date(2026, 3, 13)),
]


@pytest.mark.parametrize(("language", "text", "day"), WRITTEN)
def test_a_day_is_read_as_people_write_it(language: str, text: str, day: date) -> None:
    assert read_day(text, language, TODAY, CALENDAR) == day


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "unclear"),
        ("cuando se pueda", "unclear"),
        ("31/2", "unclear"),
        ("99/99", "unclear"),
        ("el 40", "unclear"),
        ("viernes 14/3", "unclear"),
        ("15 16 17", "unclear"),
        ("5491155554444", "unclear"),
        ("5 marzo 99999999999", "unclear"),
        ("ayer", "past"),
        ("anteayer", "past"),
        ("ontem", "past"),
        ("yesterday", "past"),
        ("9/3/2026", "past"),
        ("9/3", "past"),
        ("15/12/2019", "past"),
        ("15/12/2029", "far"),
        ("en 900 días", "far"),
        ("en 100000000000000000000 días", "far"),
        ("en 60 meses", "far"),
    ],
)
def test_what_is_no_day_to_be_promised_says_why(text: str, why: str) -> None:
    assert read_day(text, "es", TODAY, CALENDAR) == why


def test_a_day_of_the_next_year_needs_no_year_where_it_is_near() -> None:
    assert read_day("15/1", "es", date(2026, 12, 20), CALENDAR) == date(2027, 1, 15)


@pytest.mark.parametrize(
    ("text", "day", "rest"),
    [
        ("viernes 13/3, va la cuadrilla", date(2026, 3, 13), "va la cuadrilla"),
        ("en 3 días hábiles si no llueve", date(2026, 3, 13), "si no llueve"),
        ("mañana", date(2026, 3, 11), ""),
        ("la semana que viene tapamos todo", date(2026, 3, 20), "tapamos todo"),
        ("viernes a la mañana", date(2026, 3, 13), "a la mañana"),
        ("viernes de 8 a 12", date(2026, 3, 13), "de 8 a 12"),
        ("viernes de 13 a 18", date(2026, 3, 13), "de 13 a 18"),
        ("el viernes por la tarde", date(2026, 3, 13), "por la tarde"),
        ("sexta feira de manhã", date(2026, 3, 13), "de manhã"),
        ("friday at 8", date(2026, 3, 13), "at 8"),
        ("el 15 van 2 cuadrillas", date(2026, 3, 15), "van 2 cuadrillas"),
        ("15, van 2 cuadrillas", date(2026, 3, 15), "van 2 cuadrillas"),
    ],
)
def test_what_follows_a_day_is_said_with_it(text: str, day: date, rest: str) -> None:
    assert split_day(text, "es", TODAY, CALENDAR) == (day, rest)


def test_words_without_a_day_stay_whole() -> None:
    assert split_day("va la cuadrilla", "es", TODAY, CALENDAR) == ("unclear", "va la cuadrilla")
    for said in ("2 cuadrillas el viernes", "3 luminarias cambiadas", "5491155554444 es mi número"):
        assert split_day(said, "es", TODAY, CALENDAR) == ("unclear", said)
    assert split_day("9/3/2026 va la cuadrilla", "es", TODAY, CALENDAR) == ("past", "9/3/2026 va la cuadrilla")


@given(DAYS, AHEAD, st.sampled_from(sorted(LANGUAGES)))
def test_every_day_that_we_say_is_read_as_the_same_one(today: date, ahead: int, language: str) -> None:
    day = today + timedelta(days=ahead)
    said = show_day(day, language, today)
    assert read_day(said, language, today, CALENDAR) == day


@given(
    DAYS, AHEAD, st.sampled_from(sorted(LANGUAGES)), st.sampled_from(["{0:%d/%m/%Y}", "{0:%d-%m-%y}", "{0:%Y-%m-%d}"])
)
def test_every_day_in_figures_is_read(today: date, ahead: int, language: str, form: str) -> None:
    day = today + timedelta(days=ahead)
    assert read_day(form.format(day), language, today, CALENDAR) == day


@given(st.text(max_size=60), DAYS, st.sampled_from(sorted(LANGUAGES)))
def test_whatever_is_written_no_day_is_past_or_absurd(text: str, today: date, language: str) -> None:
    found = read_day(text, language, today, CALENDAR)
    assert found in ("unclear", "past", "far") or (
        isinstance(found, date) and today <= found <= today + timedelta(days=MOST_DAYS_AHEAD)
    )


@given(DAYS, st.integers(1, 60))
def test_working_days_end_on_one(today: date, count: int) -> None:
    day = read_day(f"en {count} días hábiles", "es", today, CALENDAR)
    assert isinstance(day, date)
    assert CALENDAR.works_on(day)
