"""What is said: every language says the same things, and says everything that the code wants said."""

from __future__ import annotations

import re
import shutil
import string
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

import locales
from bot.menus import CITIZEN, OFFICIAL, menu
from handlers import CONVERSATIONS
from handlers.working import reachable
from locales import DEFAULT, FOLDER, LANGUAGES, Catalog, WordsError, catalog, find_command, fold
from storage.codes import PATTERN, read_code
from storage.formats import Refusal
from storage.statuses import STATUSES
from tests.said import asked, literals, names, put_together, uses

ROOT = FOLDER.parent
OTHERS = [language for language in LANGUAGES if language != DEFAULT]
EXAMPLE = "K7Q4-2MX"  # the design's: it reads well, and its last character checks nothing
KEBAB = re.compile(r"[a-z]+(-[a-z_]+)+")
LONGEST = 1024  # a caption on Telegram, https://core.telegram.org/bots/api#sendphoto


def raw(language: str, file: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Every message of a file, those without words too."""
    found = {}
    with (FOLDER / language / file).open("rb") as po:
        for message in read_po(po):
            if message.id:
                key = message.id if isinstance(message.id, str) else message.id[0]
                found[message.context or "", key] = tuple(
                    [message.string] if isinstance(message.string, str) else message.string or ()
                )
    return found


MESSAGE = re.compile(r'^(?:msgctxt "(.*)"\n)?msgid "(.+)"$', re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_stands_twice_in_a_language(language: str) -> None:
    every = [found for path in (FOLDER / language).glob("*.po") for found in MESSAGE.findall(path.read_text("utf-8"))]
    assert [message for message, number in Counter(every).items() if number > 1] == []


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def keys() -> set[str]:
    return {key for _, key in Catalog.keys(catalog(DEFAULT))}


def files() -> list[str]:
    return sorted(path.name for path in (FOLDER / DEFAULT).glob("*.po"))


def texts() -> Iterator[tuple[str, str, str]]:
    """(language, key, text) of everything the bot says."""
    for language in LANGUAGES:
        for (_, key), forms in raw(language, "messages.po").items():
            yield from ((language, key, form) for form in forms)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("file", files())
def test_every_language_has_exactly_the_messages_of_spanish(language: str, file: str) -> None:
    assert raw(language, file).keys() == raw(DEFAULT, file).keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", files())
def test_every_message_has_words_and_the_placeholders_of_spanish(language: str, file: str) -> None:
    spanish = raw(DEFAULT, file)
    for key, forms in raw(language, file).items():
        assert all(form.strip() for form in forms), key
        assert {frozenset(placeholders(form)) for form in forms} == {frozenset(placeholders(spanish[key][0]))}, key


def test_no_message_is_longer_than_a_caption_may_be() -> None:
    assert not [(language, key) for language, key, text in texts() if len(text.encode("utf-16-le")) // 2 > LONGEST]


def test_every_message_that_the_code_says_exists() -> None:
    assert [use for use in uses() if use.key not in keys()] == []


def test_every_message_is_given_all_that_it_names() -> None:
    named: dict[str, set[str]] = {}
    for (_, key), forms in raw(DEFAULT, "messages.po").items():
        named[key] = named.get(key, set()) | placeholders("".join(forms))
    lacking = [(use, named[use.key] - use.names) for use in uses() if use.key in named and use.names is not None]
    assert [each for each in lacking if each[1]] == []


def test_every_word_with_a_hyphen_in_a_handler_is_a_message_or_a_name() -> None:
    known = keys() | names() | CONVERSATIONS.keys()
    assert [(where, text) for where, text in literals("handlers") if KEBAB.fullmatch(text) and text not in known] == []


@pytest.mark.parametrize("file", [file for file in files() if file != "web.po"])
def test_every_message_is_said_somewhere(file: str) -> None:
    said = {text for _, text in literals()} | asked() | put_together() | {use.key for use in uses()}
    assert {key for _, key in raw(DEFAULT, file)} - said == set()


@pytest.mark.parametrize("key", [*get_args(Refusal), *(f"status-{status}" for status in STATUSES)])
def test_every_status_and_every_refused_file_has_its_words(key: str) -> None:
    assert all(catalog(language).has(key) for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_message_tells_people_to_type_is_understood(language: str) -> None:
    labels = {fold(form) for _, key, form in texts() if key in ("skip", "send", "go-on-so")}
    for spoken, key, text in texts():
        if spoken != language or key == "how-to-begin":
            continue
        for phrase in re.findall(r"[«“]([^»”]+)[»”]", text.replace("{code}", EXAMPLE)):
            assert "{" in phrase or fold(phrase) in labels or find_command(phrase, language, PATTERN), (key, phrase)
        for word in re.findall(r"(?<![\w/])/[^\W\d]+", text):
            assert getattr(find_command(word, language, PATTERN), "name", "unknown") != "unknown", (key, word)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statuses_in_the_officials_help_are_understood(language: str) -> None:
    words = catalog(language)
    line = words.text("help-official").splitlines()[-1].split(" ", 3)[3]
    *first, last = [part.strip() for part in line.split("|")]
    assert [words.statuses.get(fold(part)) for part in (*first, last.rpartition(" ")[0])] == [
        "in_progress", "planned", "resolved", "declined",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_label_that_is_typed_is_understood(language: str) -> None:
    words = catalog(language)
    assert fold(words.text("yes")) in words.yes
    assert fold(words.text("send")) in words.yes
    assert fold(words.text("no")) in words.no
    assert fold(words.text("skip")) in words.skip
    for status in reachable("received"):
        assert words.statuses[fold(words.text(f"status-{status}"))] == status
    assert words.statuses[fold(words.text("status-waiting_citizen-for-officials"))] == "waiting_citizen"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("names", [CITIZEN, OFFICIAL])
def test_a_menu_keeps_the_limits_of_telegram(language: str, names: tuple[str, ...]) -> None:
    shown = menu(language, names)
    assert len({word for word, _ in shown}) == len(shown) <= 100
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", word) and 1 <= len(tells) <= 256 for word, tells in shown)
    assert [getattr(find_command(f"/{word}", language, PATTERN), "name", "") for word, _ in shown] == list(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_what_is_in_a_menu_has_a_line_for_it(language: str) -> None:
    assert catalog(language).menu.keys() == {*CITIZEN, *OFFICIAL}


def test_the_example_of_a_code_is_not_offered_to_whoever_typed_it() -> None:
    assert read_code(EXAMPLE) is None
    assert not [key for _, key, text in texts() if key == "code-wrong" and EXAMPLE in text]


def test_spanish_is_spoken_as_in_buenos_aires() -> None:
    peninsular = re.compile(
        r"\b(tú|ti|vosotros|vuestr\w+|ustedes|usted|puedes|quieres|tienes|eres|sabes|debes|haces|pon|elige|dime|cuéntame"
        r"|mándame|escríbeme|envíame|toca|vuelve|(?<!una )prueba)\b",
        re.IGNORECASE,
    )
    found = [(key, peninsular.findall(text)) for language, key, text in texts() if language == "es"]
    assert [each for each in found if each[1]] == []


def test_portuguese_is_spoken_as_in_brazil() -> None:
    european = re.compile(
        r"\b(tu|teu|tua|contigo|tens|podes|queres|ecrã|telemóvel|carregue|reclamação|se faz favor)\b", re.IGNORECASE
    )
    assert [key for language, key, text in texts() if language == "pt" and european.search(text)] == []


@pytest.fixture
def borrowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which Spanish is called "pl", to be spoilt."""
    monkeypatch.setattr(locales, "FOLDER", tmp_path)
    monkeypatch.setitem(LANGUAGES, "pl", "Polski")
    return Path(shutil.copytree(FOLDER / DEFAULT, tmp_path / "pl")) / "messages.po"


@pytest.mark.parametrize("bad", ["{city.name}", "{city[0]}", "{0}", "{", "{}"])
def test_a_translation_that_reaches_into_values_is_refused_by_name(borrowed: Path, bad: str) -> None:
    text = borrowed.read_text("utf-8")
    borrowed.write_text(re.sub(r'(?<=msgid "welcome"\nmsgstr ")[^"]*', bad, text), "utf-8")
    with pytest.raises(WordsError, match=r"messages\.po: welcome"):
        Catalog("pl")


def test_a_language_may_have_more_than_two_forms_for_numbers(borrowed: Path) -> None:
    rule = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2)"
    text = re.sub(r"nplurals=2; plural=\([^)]*\)", rule, borrowed.read_text("utf-8"))
    forms = 'msgid_plural "files"\nmsgstr[0] "{n} plik"\nmsgstr[1] "{n} pliki"\nmsgstr[2] "{n} plików"\n'
    borrowed.write_text(re.sub(r'msgid_plural "files"\n(msgstr\[\d\].*\n)+', forms, text), "utf-8")
    words = Catalog("pl")
    assert [words.plural("files", n) for n in (1, 2, 5, 22)] == ["1 plik", "2 pliki", "5 plików", "22 pliki"]


def test_no_language_speaks_of_a_command_that_nobody_wrote() -> None:
    lists = [tomllib.loads((FOLDER / language / "commands.toml").read_text("utf-8")) for language in LANGUAGES]
    assert len({frozenset(each) for each in lists}) == 1
    assert len({frozenset(each["commands"]) for each in lists}) == 1
    assert len({frozenset(each["statuses"]) for each in lists}) == 1
