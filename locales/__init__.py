"""Every word said and every word understood: `<language>/*.po` and `<language>/commands.toml`.

Message ids are keys ("report-sent"), the context "sms" holds the short variant of a message. A language is a folder:
adding one is adding the folder and its name to LANGUAGES.
"""

from __future__ import annotations

import re
import string
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache
from gettext import c2py
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.pofile import read_po

LANGUAGES = {"es": "Español", "pt": "Português", "en": "English"}
DEFAULT = "es"
FOLDER = Path(__file__).parent

# Commands about one ticket: its code may follow them, without a slash too.
ABOUT_A_TICKET = frozenset(
    {
        "status",
        "reply",
        "fixed",
        "withdraw",
        "addphoto",
        "unneeded",
        "solved",
        "score",
        "view",
        "take",
        "respond",
        "photos",
        "map",
        "join",
        "leave",
        "pass",
        "refile",
        "merge",
        "split",
        "hide",
        "correct",
        "free",
        "reject",
        "block",
        "unblock",
        "request",
        "assign",
        "note",
        "priority",
        "plan",
        "undo",
        "bulk",
    }
)
# Shorter names of languages are codes, and words: "es", "en".
SHORTEST_NAME = 4
# Longer messages are stories, not commands.
MOST_BARE = 60

_MARKS = re.compile(r"[^\w\s/@#+-]")
_SPACES = re.compile(r"\s+")
# A word as `fold` sees it, accents typed as characters of their own included.
_WORD = re.compile(r"[\w/@#+-][\w/@#+\u0300-\u036f-]*")
_TWICE = re.compile(r"(.)\1+")
# What goes with a greeting: everything but the next word and the signs that open one ("¿", "#", the minus of "-34.6").
_BETWEEN = re.compile(r"(?:[^\w¿¡#@/+\"'«“‘(\[-]|[-\"'](?=[\s,.;:!?]|$))*")


class WordsError(Exception):
    """A translation or a word list that cannot be used: names the file and the key."""


def fold(text: str) -> str:
    """Lower case without accents, punctuation or doubled spaces: how words are compared.

    Emoji count only where there is no word: "👍🏽👍🏽" is "👍", "dale 👍" is "dale", "..." is "".
    """
    plain = text.casefold() if text.isascii() else _without_accents(text.casefold())
    words = _SPACES.sub(" ", _MARKS.sub(" ", plain)).strip()
    return words or "".join(dict.fromkeys(c for c in plain if unicodedata.category(c) == "So"))


def _without_accents(text: str) -> str:
    return "".join([c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)])


class Command(NamedTuple):
    """A recognised command: its canonical name and what followed it, as typed."""

    name: str
    rest: str


class _Message(NamedTuple):
    # `form_of` tells which form goes with a number: the file's own Plural-Forms.
    forms: tuple[str, ...]
    form_of: Callable[[int], int]


class Catalog:
    """One language: `text` says, `command`, `yes`, `no`, `skip`, `unsure` and `greeting` understand."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = _read_texts(language)
        lists = _read_lists(FOLDER / language)
        self._commands = _word_table(lists, "commands")
        # In front of a ticket's code these mean something else.
        self._before_code = _word_table(lists, "before_code")
        self._not_alone = {fold(word) for word in lists["not_alone"]}
        # On SMS a word is all that anybody types, and no button needs another one.
        self._alone = {"sms": {fold(word) for word in lists["alone_on_sms"]}}
        self._slashed = {_joined(word): name for word, name in self._commands.items()}
        self.slash = {name: _joined(fold(words[0])) for name, words in lists["commands"].items()}
        self._typed: dict[str, str] = {name: words[0] for name, words in lists["commands"].items()}
        self.menu: dict[str, str] = lists["menu"]
        self.own_names = {fold(word) for word in (language, LANGUAGES[language], *lists["names"])}
        self.speak = {fold(word) for word in lists["speak"]}
        self.more, self.statuses, self.measures, self.filters = (
            _word_table(lists, part) for part in ("more", "statuses", "measures", "filters")
        )
        # In any language: whoever writes an SMS was never asked for hers, and "sim" means nothing else in Spanish.
        self.yes, self.no, self.skip, self.unsure, self.go_on = (
            _in_every_language(part) | _word_table(lists, part) for part in ("yes", "no", "skip", "unsure", "go_on")
        )
        self.here, self.same_place = (_word_table(lists, part) for part in ("here", "same_place"))
        phrases = {_phrase(words): True for words in lists["greetings"]}
        self._greetings = phrases | {_phrase(words): False for words in lists["not_greetings"]}
        self._beginnings = {phrase[: n + 1] for phrase in self._greetings for n in range(len(phrase))}

    def text(self, key: str, /, variant: str = "", **values: object) -> str:
        """The message `key`, short where the variant has one, with its {names} filled in."""
        return self._message(key, variant).forms[0].format(**values)

    def plural(self, key: str, n: int, /, variant: str = "", **values: object) -> str:
        """The message `key` in the form for `n` of them; {n} is filled in too."""
        found = self._message(key, variant)
        return found.forms[found.form_of(n) if len(found.forms) > 1 else 0].format(n=n, **values)

    def has(self, key: str) -> bool:
        """True when this language can say `key`."""
        return ("", key) in self._texts

    def keys(self) -> set[tuple[str, str]]:
        """Every (context, key) that this language has."""
        return set(self._texts)

    def asks_to_speak(self, folded: str) -> bool:
        """True when these (folded) words, in front of a language's name, ask for it."""
        return folded in self.speak or self._commands.get(folded) == "language"

    def slash_command(self, word: str) -> str | None:
        """The command behind "/word", by any of its words ("mis reclamos" written as one) or its canonical name."""
        joined = _joined(fold(word))
        return self._slashed.get(joined) or (joined if joined in self.slash else None)

    def typed(self, name: str) -> str:
        """The word to type for a command where there are no buttons and no menus."""
        return self._typed[name]

    def ever_commands(self, folded: str) -> bool:
        """True when these (folded) words are a command at least after a slash."""
        return folded in self._commands

    def bare_command(self, folded: str, variant: str = "") -> str | None:
        """The command that this whole (folded) text is, typed without a slash on a channel of that variant."""
        alone = folded not in self._not_alone or folded in self._alone.get(variant, ())
        return self._commands.get(folded) if alone else None

    def ticket_command(self, folded: str) -> str | None:
        """The command that these (folded) words are in front of a ticket's code."""
        name = self._before_code.get(folded) or self._commands.get(folded)
        return name if name in ABOUT_A_TICKET else None

    def without_greeting(self, text: str) -> str:
        """`text` without the greetings it opens with, the rest as typed; "" when there was nothing else."""
        rest = text.strip()
        while end := self._end_of_greeting(rest):
            rest = _BETWEEN.sub("", rest[end:], count=1)
        return rest if any(c.isalnum() for c in rest) else ""

    def _message(self, key: str, variant: str) -> _Message:
        found = self._texts.get((variant, key)) or self._texts.get(("", key))
        if found is None:
            raise KeyError(f"{self.language} has no message {key!r}")
        return found

    def _end_of_greeting(self, text: str) -> int:
        heard: tuple[str, ...] = ()
        end = 0
        for word in _WORD.finditer(text):
            heard = (*heard, _heard(word[0]))
            if heard not in self._beginnings:
                break
            if (known := self._greetings.get(heard)) is not None:
                end = word.end() if known else 0
        return end


@cache
def catalog(language: str) -> Catalog:
    """The catalogue of a language code ("es", "es-AR", "PT_br"); the default one when we do not speak it."""
    code = language.replace("_", "-").split("-")[0].lower()
    return _catalog(code if code in LANGUAGES else DEFAULT)


@cache
def _catalog(language: str) -> Catalog:
    return Catalog(language)


def find_command(text: str, language: str, extras: re.Pattern[str], variant: str = "") -> Command | None:
    """The command in `text`, in the person's own language or any other: "/word ..." or bare words that are all of it.

    `extras` matches a ticket's code: "estado K7Q4-2MX en obra" is a command, "estado calamitoso" is not. Some words are
    commands by themselves only on channels of a `variant` ("sms").
    """
    text = text.strip()
    if text.startswith("/"):
        return _slash(text, language, extras)
    if len(text) <= MOST_BARE:
        folded = fold(text)
        known = next((words for words in _own_first(language) if words.ever_commands(folded)), None)
        if known and (name := known.bare_command(folded, variant)):
            return Command(name, "")
        if wished := _language_wished(folded, language):
            return Command("language", wished)
    return _before_code(text, language, extras)


def wants_more(text: str) -> bool:
    """True when this asks for the rest of a long list, in any language."""
    folded = fold(text).removeprefix("/")
    return any(folded in _catalog(code).more for code in LANGUAGES)


def names_language(text: str) -> bool:
    """True when this is the name of a language that we speak, in any of them."""
    folded = fold(text)
    return len(folded) >= SHORTEST_NAME and any(folded in _catalog(code).own_names for code in LANGUAGES)


def _language_wished(folded: str, language: str) -> str | None:
    """The language that "in English", "hablame en inglés" or "idioma português" asks for, as it was called."""
    beginning, _, name = folded.rpartition(" ")
    every = _own_first(language)
    if not names_language(name):
        return None
    return name if any(words.asks_to_speak(beginning) for words in every) else None


def _slash(text: str, language: str, extras: re.Pattern[str]) -> Command | None:
    word, _, rest = _SPACES.sub(" ", text[1:], count=1).partition(" ")
    if extras.match(rest) and (name := _ticket_command(word, language)):
        return Command(name, rest.strip())
    for words in _own_first(language):
        if name := words.slash_command(word.partition("@")[0]):
            return Command(name, rest.strip())
    return Command("unknown", rest.strip())


def _before_code(text: str, language: str, extras: re.Pattern[str]) -> Command | None:
    # Looked ahead for, since what looks like a code may hold the beginning of one: "me too K7Q4-2MX".
    whole = re.compile(rf"(?<!\w)(?=((?:{extras.pattern})(?!\w)))")
    found: Command | None = None
    for code in whole.finditer(text):
        # The longest command counts: "ya no sigo más K7Q4-2MX" is not about a code "más K7Q4".
        if _no_address(code[1]) and (name := _ticket_command(text[: code.start()], language)):
            after = text[code.end(1) :].lstrip(" ,.;:!?-")
            found = Command(name, f"{code[1]} {after}".strip())
    return found


def _ticket_command(before: str, language: str) -> str | None:
    folded = fold(before)
    for words in _own_first(language):
        if name := words.ticket_command(folded) or words.ticket_command(fold(words.without_greeting(before))):
            return name
    return None


def _no_address(code: str) -> bool:
    # "lima 250", "1200 mts" and "esquina" have the shape of a code as well; "K7Q4 2MX" and "ABCD-EFG" are none of them.
    parts = code.lstrip("#").split()
    if len(parts) > 1:
        return any(not part.isalpha() and not part.isdigit() for part in parts)
    return "-" in code or any(c.isdigit() for c in code)


@cache
def _own_first(language: str) -> tuple[Catalog, ...]:
    own = catalog(language)
    return own, *(c for c in map(_catalog, LANGUAGES) if c is not own)


def _phrase(text: str) -> tuple[str, ...]:
    return tuple(_heard(word) for word in text.split())


def _heard(word: str) -> str:
    # People greet with as many letters as they feel: "holaaaa", "buenasss".
    return _TWICE.sub(r"\1", fold(word).strip("/@#+-"))


def _joined(folded: str) -> str:
    return folded.replace(" ", "").replace("_", "")


def _word_table(lists: dict[str, dict[str, list[str]]] | dict[str, list[str]], part: str) -> dict[str, str]:
    found = lists[part]
    if isinstance(found, list):
        return {fold(word): part for word in found}
    return {fold(word): name for name, words in found.items() for word in words}


def _in_every_language(part: str) -> dict[str, str]:
    lists = [_read_lists(FOLDER / code) for code in LANGUAGES if (FOLDER / code).is_dir()]
    return {word: name for each in lists for word, name in _word_table(each, part).items()}


@cache
def _read_lists(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "commands.toml").read_text("utf-8"))


def _read_texts(language: str) -> dict[tuple[str, str], _Message]:
    texts: dict[tuple[str, str], _Message] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, locale=language)
        form_of = c2py(messages.plural_expr)
        for message in messages:
            if message.id and message.string:
                key = message.id if isinstance(message.id, str) else message.id[0]
                forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
                texts[message.context or "", key] = _Message(_checked(forms, f"{path.name}: {key}"), form_of)
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
