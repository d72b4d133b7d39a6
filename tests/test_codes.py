"""A ticket's number can be misread and mistyped, and says so."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.codes import ALPHABET, LENGTH, check_character, make_code, near_codes, normal_code, read_code, show_code

heads = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)
codes = heads.map(lambda head: head + check_character(head))


def samples(count: int = 40) -> list[str]:
    draw = random.Random(7).randrange
    return [make_code(draw) for _ in range(count)]


def test_a_new_code_is_valid_and_shown_in_two_groups() -> None:
    for code in samples():
        assert read_code(code) == code
        assert show_code(code) == f"{code[:4]}-{code[4:]}"


def test_codes_are_drawn_from_the_whole_alphabet() -> None:
    assert {character for code in samples(400) for character in code[:-1]} == set(ALPHABET)


def test_no_new_code_is_a_word() -> None:
    assert not [code for code in samples(2000) if code.isalpha()]
    assert not make_code(lambda below: below - 1).isalpha()


def test_the_check_finds_every_single_wrong_character() -> None:
    for code in samples():
        for place in range(LENGTH):
            for wrong in ALPHABET.replace(code[place], ""):
                assert read_code(code[:place] + wrong + code[place + 1 :]) is None


def test_the_check_finds_nearly_every_swap_of_neighbours() -> None:
    swapped = found = 0
    for code in samples(300):
        for place, (left, right) in enumerate(pairwise(code)):
            if left != right:
                swapped += 1
                found += read_code(code[:place] + right + left + code[place + 2 :]) is None
    assert found / swapped > 0.94


@given(codes)
def test_a_code_is_read_in_every_form_that_people_give_it(code: str) -> None:
    shown = show_code(code)
    for typed in (shown, shown.lower(), f"#{shown}", f" {shown} ", code, code.lower(), f"{code[:4]} {code[4:]}"):
        assert read_code(typed) == code


@given(codes)
def test_letters_that_look_like_digits_are_read_as_these(code: str) -> None:
    assert read_code(code.replace("1", "I").replace("0", "O")) == code
    assert read_code(code.replace("1", "l").replace("0", "o")) == code


@pytest.mark.parametrize("typed", ["", "hola", "K7Q4", "K7Q4-2MX1", "K7Q4--2MX", "K7Q4-2MU", "ñandúes", "12345678"])
def test_what_is_no_code_is_read_as_none(typed: str) -> None:
    assert normal_code(typed) is None
    assert read_code(typed) is None


@given(codes, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_slip_leads_back_to_the_code_that_was_meant(code: str, place: int, wrong: str) -> None:
    typed = code[:place] + wrong + code[place + 1 :]
    if typed != code:
        assert code in near_codes(typed)


@given(codes, st.integers(0, LENGTH - 2))
def test_a_swap_leads_back_to_the_code_that_was_meant(code: str, place: int) -> None:
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if read_code(typed) is None:
        assert code in near_codes(typed)


@given(codes)
def test_what_may_have_been_meant_is_valid_and_not_what_was_typed(code: str) -> None:
    typed = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % len(ALPHABET)]
    near = near_codes(typed)
    assert typed not in near
    assert all(read_code(each) == each for each in near)
