"""The alphabet of an SMS, GSM 03.38: what fits into it, how the rest is written with it, how many parts that takes.

One sign outside it makes the whole message UCS-2, which holds 70 characters instead of 160. Nothing here may let that
happen: `transliterate` writes everything with the alphabet.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ONE = 160
# A message of several parts spends seven characters of each on putting them together again.
PART = 153
UCS2_ONE, UCS2_PART = 70, 67

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these costs two: an escape and itself.
EXTENSION = frozenset("^{}\\[~]|€")
ALPHABET = BASIC | EXTENSION

# What a sign is written with where taking it apart does not tell: typography, letters of their own, signs that mean
# something.
WRITTEN = {
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"',
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "‹": "'", "›": "'", "′": "'", "´": "'", "`": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-", "⁄": "/", "∕": "/",
    "…": "...", "º": "o", "°": "o", "ª": "a", "×": "x", "÷": "/", "±": "+-", "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=",
    "→": "->", "➡": "->", "▶": "->", "←": "<-", "⬅": "<-", "↔": "<->", "©": "(c)", "®": "(r)",
    "Ð": "D", "ð": "d", "Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "ı": "i", "Þ": "Th", "þ": "th", "Œ": "Oe", "œ": "oe",
    "¢": "c", "₲": "Gs", "₡": "C", "₱": "P",
    "✔": "OK", "✅": "OK", "☑": "OK", "👍": "OK", "👌": "OK", "❌": "NO", "👎": "NO", "🚫": "NO", "❓": "?", "❔": "?",
    "❗": "!", "❕": "!", "⚠": "!", "❤": "<3", "🙂": ":)", "😀": ":)", "😊": ":)", "🙁": ":(", "😢": ":(", "😡": ":(",
    "\t": " ", "\f": "\n", "\v": "\n", "\x85": "\n",
}  # fmt: skip
# Letters of other scripts are written as they are called: "CYRILLIC SMALL LETTER ZHE", "HIRAGANA LETTER KA".
_LETTER = re.compile(r".*? (?:LETTER|SYLLABLE)(?: SMALL| SHORT)? (?P<name>[A-Z]+)\b.*")
_BY_CATEGORY = {"Pd": "-", "Pi": '"', "Pf": '"', "Ps": "(", "Pe": ")", "Pc": "_", "Zs": " ", "Zl": "\n", "Zp": "\n"}
# What a mark, a picture or a control sign stands for is not read by anybody.
_DROPPED = frozenset({"Mn", "Mc", "Me", "Cc", "Cf", "Cn", "Co", "Cs", "So", "Sk"})
_SKIN = range(0x1F3FB, 0x1F400)


def is_gsm7(text: str) -> bool:
    """True when an SMS with this text is not sent as UCS-2."""
    return ALPHABET.issuperset(text)


def transliterate(text: str) -> str:
    """The text in the SMS alphabet and no other; what is in it already stays as it is."""
    if is_gsm7(text):
        return text
    return "".join(map(_write, unicodedata.normalize("NFC", text)))


def units(text: str) -> int:
    """The length of a GSM-7 text in septets: a sign of the extension counts two."""
    return len(text) + sum(sign in EXTENSION for sign in text)


def segments(text: str) -> int:
    """How many SMS a text is paid as: parts of 160 or 153 septets (70 or 67 UTF-16 units outside the alphabet)."""
    if is_gsm7(text):
        sizes, one, part = [2 if sign in EXTENSION else 1 for sign in text], ONE, PART
    else:
        sizes, one, part = [2 if ord(sign) > 0xFFFF else 1 for sign in text], UCS2_ONE, UCS2_PART
    return 1 if sum(sizes) <= one else _parts(sizes, part)


def _parts(sizes: list[int], most: int) -> int:
    """Parts filled one after another; what takes two is never split between them."""
    parts, left = 0, 0
    for size in sizes:
        if size > left:
            parts, left = parts + 1, most
        left -= size
    return parts


@lru_cache(maxsize=4096)
def _write(sign: str) -> str:
    """One sign in the alphabet: as it is, by the table, taken apart, by its name, or "?"."""
    if sign in ALPHABET:
        return sign
    if sign in WRITTEN:
        return WRITTEN[sign]
    apart = unicodedata.normalize("NFKD", sign)
    if apart != sign:
        return "".join(map(_write, apart))
    category = unicodedata.category(sign)
    if category in _DROPPED or ord(sign) in _SKIN:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    return _BY_CATEGORY.get(category) or _spell(sign)


def _spell(sign: str) -> str:
    """A letter by its name: Ж is "Zh", ש is "sh", か is "ka"; "?" for what has no such name."""
    name = unicodedata.name(sign, "")
    found = _LETTER.fullmatch(name)
    if found is None:
        return "?"
    sound = _sound(found["name"], syllable="HIRAGANA" in name or "KATAKANA" in name or "SYLLABLE" in name)
    return sound.capitalize() if "CAPITAL" in name else sound.lower()


def _sound(name: str, *, syllable: bool) -> str:
    if syllable or len(name) == 1:
        return name
    # BE and KA are called after their consonant, EL too; ALPHA and ALEF begin with their sound, SHIN with two letters.
    consonants = re.match(r"[^AEIOU]+", name)
    if consonants:
        return consonants[0]
    return name[1:] if re.fullmatch(r"E[^AEIOU]", name) else name[0]
