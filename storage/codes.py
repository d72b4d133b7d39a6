"""The public number of a ticket: 7 Crockford base32 characters, the last of which checks the others.

Alphabet and reading rules: https://www.crockford.com/base32.html (I and L are read as 1, O as 0). The check is a
weighted sum modulo 32: it finds every single wrong character and 31 of 32 swaps of neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 7
_VALUES = {character: index for index, character in enumerate(ALPHABET)} | {"I": 1, "L": 1, "O": 0}
# What may be a code in a message: 7 letters and digits, perhaps a hyphen or space after the fourth, perhaps a "#". Who
# copies it from paper may part it after the third.
PATTERN = re.compile(r"#?(?:([0-9a-zA-Z]{4})[- ]?([0-9a-zA-Z]{3})|([0-9a-zA-Z]{3})[- ]([0-9a-zA-Z]{4}))")


def make_code(draw: Callable[[int], int]) -> str:
    """A new code; `draw(n)` gives a random number below n.

    One character at least is a digit: "TOMAR JSNQFXD" could not be told from "TOMAR ESQUINA" before the check is made.
    """
    head = "".join(ALPHABET[draw(32)] for _ in range(LENGTH - 1))
    if (head + check_character(head)).isalpha():
        place = draw(LENGTH - 1)
        head = head[:place] + ALPHABET[draw(10)] + head[place + 1 :]
    return head + check_character(head)


def check_character(head: str) -> str:
    """The check character of the six before it: odd weights are invertible modulo 32, so no single slip passes."""
    weights = (1, 3, 5, 7, 9, 11)
    return ALPHABET[sum(w * _VALUES[c] for w, c in zip(weights, head, strict=True)) % 32]


def read_code(text: str) -> str | None:
    """The code in `text` ("#k7q4-2mx", "K7Q42MX"), in its stored form; None when it is none or its check fails."""
    code = normal_code(text)
    return code if code and check_character(code[:-1]) == code[-1] else None


def normal_code(text: str) -> str | None:
    """Seven characters of our alphabet, the check not looked at; None when it does not look like a code at all."""
    found = PATTERN.fullmatch(text.strip())
    if not found:
        return None
    characters = "".join(part for part in found.groups() if part).upper()
    if any(c not in _VALUES for c in characters):
        return None
    return "".join(ALPHABET[_VALUES[c]] for c in characters)


def show_code(code: str) -> str:
    """The code as people read it: K7Q4-2MX."""
    return f"{code[:4]}-{code[4:]}"


def near_codes(code: str) -> set[str]:
    """Every valid code one slip away from a mistyped one: one character wrong, or two neighbours swapped."""
    near = {code[:i] + c + code[i + 1 :] for i in range(LENGTH) for c in ALPHABET}
    near |= {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(LENGTH - 1)}
    return {each for each in near if each != code and check_character(each[:-1]) == each[-1]}
