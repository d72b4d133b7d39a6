"""Every word said and every word understood: `<language>/*.po` and `<language>/commands.toml`.

Message ids are keys ("report-sent"), the context "sms" holds the short variant of a message. A language is a folder:
adding one is adding the folder and its name to LANGUAGES.
"""

from __future__ import annotations

import re
import string
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

LANGUAGES = {"es": "Español", "pt": "Português", "en": "English"}
DEFAULT = "es"
FOLDER = Path(__file__).parent

_MARKS = re.compile(r"[^\w\s/@#+-]")
_SPACES = re.compile(r"\s+")


class WordsError(Exception):
    """A translation or a word list that cannot be used: names the file and the key."""


def fold(text: str) -> str:
    """Lower case without accents, punctuation or doubled spaces: how words are compared."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return _SPACES.sub(" ", _MARKS.sub(" ", plain)).strip()


class Command(NamedTuple):
    """A recognised command: its canonical name and what followed it, as typed."""

    name: str
    rest: str


class Catalog:
    """One language: `text` says, `command`, `yes`, `no`, `skip` and `greeting` understand."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _read_texts(language)
        lists = tomllib.loads((FOLDER / language / "commands.toml").read_text("utf-8"))
        self._commands = {fold(word): name for name, words in lists["commands"].items() for word in words}
        self.slash = {name: words[0].replace(" ", "") for name, words in lists["commands"].items()}
        self.menu: dict[str, str] = lists["menu"]
        self.own_names = {fold(word) for word in (language, LANGUAGES[language], *lists["names"])}
        self.yes, self.no, self.skip, self.statuses = (
            _word_table(lists, part) for part in ("yes", "no", "skip", "statuses")
        )
        self._greetings = sorted((fold(word) for word in lists["greetings"]), key=len, reverse=True)

    def text(self, key: str, /, variant: str = "", **values: object) -> str:
        """The message `key`, short where the variant has one, with its {names} filled in."""
        found = self._texts.get((variant, key)) or self._texts.get(("", key))
        if found is None:
            raise KeyError(f"{self.language} has no message {key!r}")
        return found[0].format(**values) if values else found[0].format()

    def plural(self, key: str, n: int, /, variant: str = "", **values: object) -> str:
        """The message `key` in the form for `n` of them; {n} is filled in too."""
        found = self._texts.get((variant, key)) or self._texts.get(("", key))
        if found is None:
            raise KeyError(f"{self.language} has no message {key!r}")
        return found[0 if n == 1 or len(found) == 1 else 1].format(n=n, **values)

    def has(self, key: str) -> bool:
        """True when this language can say `key`."""
        return ("", key) in self._texts

    def keys(self) -> set[tuple[str, str]]:
        """Every (context, key) that this language has."""
        return set(self._texts)

    def slash_command(self, word: str) -> str | None:
        """The command behind "/word", by any of its single words."""
        return self._commands.get(fold(word).lstrip("/"))

    def bare_command(self, folded: str) -> str | None:
        """The command that this whole (folded) text is, typed without a slash."""
        return self._commands.get(folded)

    def without_greeting(self, text: str) -> str:
        """`text` without the greetings it opens with; "" when there was nothing else."""
        rest = text.strip()
        while rest:
            opening = next((g for g in self._greetings if _opens(fold(rest), g)), None)
            if opening is None:
                return rest
            rest = _drop_words(rest, len(opening.split()))
        return ""


@cache
def catalog(language: str) -> Catalog:
    """The catalogue of a language code ("es", "es-AR", "PT_br"); the default one when we do not speak it."""
    code = language.replace("_", "-").split("-")[0].lower()
    return _catalog(code if code in LANGUAGES else DEFAULT)


@cache
def _catalog(language: str) -> Catalog:
    return Catalog(language)


def find_command(text: str, language: str, extras: re.Pattern[str]) -> Command | None:
    """The command in `text`: "/word ..." in any language, or bare words that are the whole message in the person's own.

    `extras` matches what may follow bare words (a ticket's code): "estado K7Q4-2MX" is a command, "estado calamitoso" is not.
    """
    text = text.strip()
    if text.startswith("/"):
        return _slash(text, language)
    if len(text) > 60:
        return None
    folded = fold(text)
    for words in _own_first(language):
        if name := words.bare_command(folded):
            return Command(name, "")
        head, _, last = folded.rpartition(" ")
        if (name := words.bare_command(head)) and extras.fullmatch(last):
            return Command(name, last)
    return None


def _slash(text: str, language: str) -> Command | None:
    word, _, rest = text[1:].partition(" ")
    word = word.partition("@")[0]
    for words in _own_first(language):
        if name := words.slash_command(word):
            return Command(name, rest.strip())
        if word in words.slash:
            return Command(word, rest.strip())
    return Command("unknown", rest.strip())


def _own_first(language: str) -> list[Catalog]:
    own = catalog(language)
    return [own, *(c for c in map(_catalog, LANGUAGES) if c is not own)]


def _opens(folded: str, greeting: str) -> bool:
    return folded == greeting or folded.startswith(greeting + " ")


def _drop_words(text: str, count: int) -> str:
    # Words are counted in the folded text, where punctuation stands for a space.
    for _ in range(count):
        text = re.sub(r"^[^\w]*\w+[^\w¿¡+-]*", "", text)
    return text


def _word_table(lists: dict[str, dict[str, list[str]]] | dict[str, list[str]], part: str) -> dict[str, str]:
    found = lists[part]
    if isinstance(found, list):
        return {fold(word): part for word in found}
    return {fold(word): name for name, words in found.items() for word in words}


def _read_texts(language: str) -> dict[tuple[str, str], tuple[str, ...]]:
    texts: dict[tuple[str, str], tuple[str, ...]] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
                    texts[message.context or "", key] = _checked(forms, f"{path.name}: {key}")
    return texts


def _checked(forms: tuple[str, ...], where: str) -> tuple[str, ...]:
    # Translators' text reaches str.format: {name} is welcome, {name.attribute} and {name[0]} are not.
    for form in forms:
        try:
            names = [name for _, name, _, _ in string.Formatter().parse(form) if name is not None]
        except ValueError as error:
            raise WordsError(f"{where}: {error}") from error
        if bad := [name for name in names if not name.isidentifier()]:
            raise WordsError(f"{where}: {{{bad[0]}}} is not a plain name")
    return forms
