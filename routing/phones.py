"""Telephone numbers as people type them: with or without area code, prefixes and signs."""

from __future__ import annotations

import re
from functools import lru_cache

# Longer ones are stories with a number in them.
MOST_TYPED = 40
# Who types a mobile number in Argentina as it is dialled says 15 where the world says 9; the only area code with two
# digits is 11, so that "15" and eight digits can be meant nowhere else (ENACOM, Plan Nacional de Numeración).
_DIALLED_IN_BUENOS_AIRES = re.compile(r"15(\d{8})")


@lru_cache(maxsize=1024)
def read_phone(text: str, country: str) -> str | None:
    """The mobile number in `text`, in E.164; without a country code it is one of `country`'s ("AR"). None: no number.

    Whoever types a number here means a phone that can be sent an SMS, and often leaves out what only mobiles have.
    """
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, number_type, parse

    if not _looks_like_one(text):
        return None
    digits = re.sub(r"\D", "", text)
    if country == "AR" and (dialled := _DIALLED_IN_BUENOS_AIRES.fullmatch(digits)):
        text = f"11{dialled[1]}"
    try:
        found = parse(text, country)
    except NumberParseException:
        return None
    number = format_number(found, PhoneNumberFormat.E164)
    if number.startswith("+54") and not number.startswith("+549"):
        found = parse(f"+549{number[3:]}")
        number = format_number(found, PhoneNumberFormat.E164)
    return number if is_valid_number(found) and number_type(found) in _mobile_types() else None


def end_of(phone: str) -> str:
    """What may be shown of a number to whoever knows it anyhow: its last four digits."""
    return phone[-4:]


def _looks_like_one(text: str) -> bool:
    signs = re.sub(r"[\s()./-]", "", text)
    return len(text) <= MOST_TYPED and re.fullmatch(r"\+?\d{7,15}", signs) is not None


@lru_cache(maxsize=1)
def _mobile_types() -> frozenset[int]:
    from phonenumbers import PhoneNumberType

    return frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
