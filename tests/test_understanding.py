"""What is understood: greetings, yes and no, and commands that nobody gives by accident."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import COMMANDS
from locales import ABOUT_A_TICKET, FOLDER, LANGUAGES, Command, catalog, find_command, fold
from storage.codes import ALPHABET, PATTERN, check_character, read_code, show_code

LISTS: dict[str, dict[str, Any]] = {
    language: tomllib.loads((FOLDER / language / "commands.toml").read_text("utf-8")) for language in LANGUAGES
}
CANONICAL = (set(COMMANDS) - {"unknown"}) | {"cancel", "back"}
GREETED = [(language, greeting) for language in LANGUAGES for greeting in LISTS[language]["greetings"]]

# What people may well answer to "¿Qué pasa?", "¿Dónde es?" and "¿Quedó arreglado?".
ANSWERS = {
    "es": """
        listo, arreglado, ya lo arreglaron, nuevo, entrada, en la entrada, Retiro, Once, ver, a ver, tomo,
        Parque Patricios, baja tensión, baja presión, alta tensión, estado penoso, estado calamitoso, Lima 250,
        ver Lima 250, ver esquina, reclamo basural, entrada cochera, borrar grafiti, retirar, retirar escombros,
        retirar 1200 kgs, 1200 mts, no, nada, visto, bache, hola, che, responder, Paso 300, fixed, open,
        Estado de Israel 4500, Estado de Israel y Corrientes, back door, caixa, ?, 👍, ❤️
    """,
    "pt": """
        caixa, caixa de luz, novo, na entrada, consertado, abrir, pronto, ver, esquina, baixa pressão, pego, andamento,
        retirar entulho, status ruim, Rua Lima 250, não, sim, resolvido, isso, apagar, lá, ?, 👍
    """,
    "en": """
        exit, open, new, fixed, track, train track, pending, take, view, answer, no, done, mine, status unknown,
        back entrance, stop sign, report hidden, delete graffiti, Main St, ticket machine, ?, 👍
    """,
}


def every_answer(language: str) -> set[str]:
    words, lists = catalog(language), LISTS[language]
    labels = (
        "yes",
        "no",
        "skip",
        "send",
        "i-do-not-know",
        "add-photos",
        "change-photos",
        "change-details",
        "change-place",
    )
    listed = {
        *lists["yes"],
        *lists["no"],
        *lists["skip"],
        *(word for each in lists["statuses"].values() for word in each),
    }
    shown = {*LANGUAGES.values(), *map(words.text, (*labels, *(f"status-{status}" for status in lists["statuses"])))}
    return {"", *listed, *shown, *lists["names"], *(answer.strip() for answer in ANSWERS.get(language, "").split(","))}


def in_the_pack(found: Any, language: str) -> Iterator[str]:
    """Every name and phrase in the demo pack's data: they are on buttons, and people type them."""
    if isinstance(found, dict):
        own = found.get(language, [])
        yield from [own] if isinstance(own, str) else own
        found = list(found.values())
    for each in found if isinstance(found, list) else []:
        yield from in_the_pack(each, language)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded == folded.strip()
    assert "  " not in folded


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("  ¡Sí, DALE!  ", "si dale"),
        ("Núñez", "nunez"),
        ("Nu\u0301n\u0303ez", "nunez"),
        ("1️⃣", "1"),
        ("...", ""),
        ("", ""),
        ("👍🏽", "👍"),
        ("👍👍", "👍"),
        ("dale 👍", "dale"),
        ("❤️", "❤"),
        ("k7q4-2mx", "k7q4-2mx"),
        ("/Ayuda", "/ayuda"),
    ],
)
def test_words_are_compared_without_what_does_not_matter(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@pytest.mark.parametrize("language", LANGUAGES)
def test_silence_and_punctuation_answer_nothing(language: str) -> None:
    words = catalog(language)
    for text in ("", "?", "...", "!!", "❤️", " "):
        assert not any(fold(text) in table for table in (words.yes, words.no, words.skip, words.statuses)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_no_and_go_on_are_different_words(language: str) -> None:
    words = catalog(language)
    assert not words.yes.keys() & words.no.keys()
    assert not words.yes.keys() & words.skip.keys()
    assert {"👍", "✅", "ok"} <= words.yes.keys()
    assert {"👎", "❌", fold(words.text("no"))} <= words.no.keys()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hola, buenas tardes! hay un bache", "hay un bache"),
        ("Buenos Aires 1200", "Buenos Aires 1200"),
        ("Buenos Aires 1200, hola", "Buenos Aires 1200, hola"),
        ("Buen Orden 123", "Buen Orden 123"),
        ("Holanda 20", "Holanda 20"),
        ("Ola de robos en la plaza", "Ola de robos en la plaza"),
        ("Che Guevara 300", "Che Guevara 300"),
        ("che, hay un bache", "hay un bache"),
        ("gracias por arreglar el bache", "gracias por arreglar el bache"),
        ("Holaaaa!!! buenasss 😡 ¿qué tal?", ""),
        ("Hola 👋", ""),
        ("👋", ""),
        ("👋 ¡HOLA! 🕳️ ¿Hay alguien?", "¿Hay alguien?"),
        ("Buenos di\u0301as, la luz no anda", "la luz no anda"),
        ("hola -34.6037, -58.3816", "-34.6037, -58.3816"),
        ("hola - hay un bache", "hay un bache"),
        ("Hola, «Lo de Cacho» está inundado", "«Lo de Cacho» está inundado"),
        ('Hola, "Lo de Cacho" está inundado', '"Lo de Cacho" está inundado'),
        ("buenas\n\nbache\n\nen Salta", "bache\n\nen Salta"),
        ("hola, #k7q4-2mx", "#k7q4-2mx"),
        ("Quiero hacer un reclamo porque no pasa el camión", "no pasa el camión"),
        ("Hola. Quisiera reportar que hay un cable caído.", "hay un cable caído."),
        ("hola hola hola", ""),
        ("", ""),
        ("...", ""),
    ],
)
def test_only_the_greeting_is_taken_off(text: str, rest: str) -> None:
    assert catalog("es").without_greeting(text) == rest


@pytest.mark.parametrize(
    ("language", "text", "rest"),
    [
        ("pt", "Oi, boa tarde! Tudo bem? Tem um buraco na rua", "Tem um buraco na rua"),
        ("pt", "Olá, gostaria de relatar que a luz queimou", "a luz queimou"),
        ("pt", "Boa Vista 300", "Boa Vista 300"),
        ("pt", "obrigada pelo conserto", "obrigada pelo conserto"),
        ("en", "Hi there! I'd like to report a pothole", "a pothole"),
        ("en", "Good morning, the light is out", "the light is out"),
        ("en", "Thanks for fixing the light", "Thanks for fixing the light"),
        ("en", "hidden pothole", "hidden pothole"),
    ],
)
def test_each_language_knows_its_own_greetings(language: str, text: str, rest: str) -> None:
    assert catalog(language).without_greeting(text) == rest


@given(st.sampled_from(GREETED), st.sampled_from([" ", ", ", "! ", "... ", "\n", " 👋 ", " - ", "!! 🙂\n", ": ", ")"]))
def test_whatever_the_greeting_the_rest_stays_as_typed(greeted: tuple[str, str], between: str) -> None:
    language, greeting = greeted
    assert (
        catalog(language).without_greeting(f"{greeting.upper()}{between}Bache  en Salta 1200 ")
        == "Bache  en Salta 1200"
    )
    assert catalog(language).without_greeting(greeting) == ""


@given(
    st.sampled_from(sorted(LANGUAGES)), st.text() | st.from_regex(r"((?i:hola|oi|hi|buenas|che)[ ,.!-]*){1,3}.{0,20}")
)
def test_taking_greetings_off_leaves_the_end_and_cuts_no_word(language: str, text: str) -> None:
    rest = catalog(language).without_greeting(text)
    assert text.strip().endswith(rest)
    before = text.strip()[: len(text.strip()) - len(rest)]
    assert not (rest and before and before[-1].isalnum() and rest[0].isalnum())
    assert catalog(language).without_greeting(rest) == rest


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_every_command(language: str) -> None:
    assert LISTS[language]["commands"].keys() == CANONICAL
    assert all(LISTS[language]["commands"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_belongs_to_two_commands(language: str) -> None:
    pairs = [(fold(word), name) for name, words in LISTS[language]["commands"].items() for word in words]
    assert len({word for word, _ in pairs}) == len(pairs), sorted(
        w for w, _ in pairs if [x for x, _ in pairs].count(w) > 1
    )
    assert {fold(word) for word in LISTS[language]["not_alone"]} <= {word for word, _ in pairs}
    for word, name in pairs:
        assert find_command(f"/{word.replace(' ', '')}", language, PATTERN) == Command(name, "")


@pytest.mark.parametrize("part", ["yes", "no", "skip", "greetings", "not_greetings", "names", "not_alone"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_stands_twice_in_a_list(language: str, part: str) -> None:
    folded = [fold(word) for word in LISTS[language][part]]
    assert sorted({word for word in folded if folded.count(word) > 1 or not word}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_names_two_statuses(language: str) -> None:
    folded = [fold(word) for words in LISTS[language]["statuses"].values() for word in words]
    assert sorted({word for word in folded if folded.count(word) > 1}) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_a_canonical_name_is_understood_after_a_slash_in_every_language(language: str, name: str) -> None:
    assert find_command(f"/{name}", language, PATTERN) == Command(name, "")
    assert find_command(f"/{name.upper()}@BaldosaBot K7Q4-2M5 x", language, PATTERN) == Command(name, "K7Q4-2M5 x")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_is_no_command(language: str) -> None:
    assert {text: found for text in every_answer(language) if (found := find_command(text, language, PATTERN))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_the_demo_pack_names_is_a_command(language: str) -> None:
    files = sorted((FOLDER.parent / "packs").glob("*/*.toml"))
    packs = [tomllib.loads(file.read_text("utf-8")) for file in files]
    names = {name for each in packs for name in in_the_pack(each, language)}
    assert len(names) > 200 or not any(language in each.get("languages", ()) for each in packs)
    assert [name for name in sorted(names) if find_command(name, language, PATTERN)] == []


def test_a_greeting_commands_nothing_but_a_new_report_or_a_kind_word() -> None:
    heard = {greeting: find_command(greeting, language, PATTERN) for language, greeting in GREETED}
    assert {
        g: found for g, found in heard.items() if found not in (None, Command("report", ""), Command("thanks", ""))
    } == {}


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Ayuda", Command("help", "")),
        ("¡CANCELAR!", Command("cancel", "")),
        ("atrás", Command("back", "")),
        ("mis reclamos", Command("mine", "")),
        ("/mis_reclamos", Command("mine", "")),
        ("baja", Command("stop", "")),
        ("¡Muchas gracias!", Command("thanks", "")),
        ("ajuda", Command("help", "")),
        ("help", Command("help", "")),
        ("estado", Command("status", "")),
        ("estado K7Q4-2M5", Command("status", "K7Q4-2M5")),
        ("¿Cómo va k7q42m5?", Command("status", "k7q42m5")),
        ("hola, estado: k7q4 2m5.", Command("status", "k7q4 2m5")),
        ("estado ABCD-EFG", Command("status", "ABCD-EFG")),
        ("ver #K7Q42M5", Command("view", "#K7Q42M5")),
        ("tomo K7Q4-2M5", Command("take", "K7Q4-2M5")),
        (
            "estado K7Q4-2M5 En Obra, la cuadrilla va mañana",
            Command("status", "K7Q4-2M5 En Obra, la cuadrilla va mañana"),
        ),
        ("responder K7Q4-2M5: Va el lunes. ¿Sigue igual?", Command("respond", "K7Q4-2M5 Va el lunes. ¿Sigue igual?")),
        ("caixa K7Q4-2M5", None),
        ("ayuda K7Q4-2M5", None),
        ("/ESTADO@BaldosaBot\nK7Q4-2M5  en obra", Command("status", "K7Q4-2M5  en obra")),
        ("/inexistente x", Command("unknown", "x")),
        ("/", Command("unknown", "")),
        ("/ayuda", Command("help", "")),
        ("/caixa", Command("inbox", "")),
        ("/borrar", Command("delete", "")),
        ("hay un bache, ayuda", None),
        ("1/2 cuadra", None),
    ],
)
def test_a_command_is_heard_with_what_follows_it(text: str, command: Command | None) -> None:
    assert find_command(text, "es", PATTERN) == command


@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.text(ALPHABET, min_size=6, max_size=6),
    st.sampled_from(sorted(ABOUT_A_TICKET)),
)
def test_a_code_is_heard_behind_every_command_about_a_ticket(language: str, head: str, name: str) -> None:
    code = head + check_character(head)
    for word in LISTS[language]["commands"][name]:
        for typed in (show_code(code), show_code(code).lower(), f"#{show_code(code)}"):
            found = find_command(f"{word} {typed}", language, PATTERN)
            assert found
            assert (found.name, read_code(found.rest)) == (name, code)


@given(
    st.text() | st.from_regex(r"/?(estado|ver|baja|status|caixa)[ :]{0,2}[\w #-]{0,12}"),
    st.sampled_from(sorted(LANGUAGES)),
)
def test_whatever_is_typed_is_a_known_command_or_none(text: str, language: str) -> None:
    found = find_command(text, language, PATTERN)
    assert found is None or found.name in CANONICAL | {"unknown"}
