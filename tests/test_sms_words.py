"""What is said by SMS: short enough for every language and the longest real names, and never a carrier's word."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import bot.channels
from bot.channels.gsm7 import is_gsm7, segments, transliterate
from bot.channels.sms_render import DOTS, fits, render
from bot.choices import Choice
from bot.messages import Option, Outbound
from bot.offering import offer, turn_page
from bot.opting import CARRIER_STARTS, CARRIER_STOPS
from bot.questions import Item
from bot.scene import Scene
from bot.talk import Talk
from handlers.where import label_area
from locales import ABOUT_A_TICKET, LANGUAGES, catalog, find_command, fold
from routing.records import text_in
from storage.codes import PATTERN
from storage.statuses import STATUSES
from tests.machine import demo_pack
from tests.said import asked
from tests.test_locales import raw

CARRIERS = tomllib.loads((Path(bot.channels.__file__).parent / "carrier_words.toml").read_text("utf-8"))
QUOTED = ("Pasamos a mirar y el pozo es más grande de lo que parecía; hay que cortar un carril, así que lo hacemos el "
          "jueves a la mañana si no llueve. Disculpen la demora.")  # fmt: skip
CODE = "K7Q4-2MX"
# Long by nature and cut to their budget where they are said: lists of tickets, histories, the officials' own.
LISTS = {
    "alert-many",
    "my-reports",
    "inbox-list",
    "ticket-view",
    "ticket-card",
    "ticket-status",
    "missed-news",
    "search-found",
} | {
    *("team", "told-handed-over", "told-back-to-all", "ticket-card"),
}
# Questions of YesNo, Choice, Words that follow from what was said of a ticket, and those before a report is sent.
TWO = {"preview", "told-question", "told-resolved", "ask-delete"}


@cache
def longest(language: str) -> dict[str, str]:
    """The longest real value of every name in a message."""
    pack = demo_pack()
    leaves = [leaf for group in pack.groups() for leaf in pack.leaves(group.id)]
    bodies = [body.name(language) for body in pack.records.bodies]

    def most(texts: list[str]) -> str:
        return max(texts, key=len)

    words = catalog(language)
    status = most([words.text(key) for key in (f"status-{each}" for each in STATUSES)])
    body = most(bodies)
    line = f"{CODE} {most([leaf.name(language) for leaf in leaves])}: {status}"
    return {
        "city": pack.name(language),
        "category": most([leaf.name(language) for leaf in leaves]),
        "group": most([group.name(language) for group in pack.groups()]),
        "notice": most([leaf.notice(language) for leaf in leaves]),
        "prompt": most([leaf.prompt(language) for leaf in leaves]),
        "body": body,
        "bodies": f"{body}, {body}",
        "where": "Av. Juan Bautista Alberdi y Lacarra",
        "details": "hay un bache enorme en el carril derecho, ya pincharon dos autos",
        "words": QUOTED,
        "said": "\n" + words.text("quoted", "sms", words=QUOTED),
        "news": QUOTED[:60],
        "gist": "\n" + words.text("quoted", "sms", words=QUOTED[:40]),
        "distance": words.text("twin-metres", "sms", n=240),
        "age": words.plural("days-ago", 29, "sms"),
        "facts": "\n" + words.text("card-due-answer", "sms", due=words.text("due-tomorrow", "sms")),
        "into": CODE,
        "status": status,
        "target": status,
        "can": f"{status}, {status}",
        "code": CODE,
        "codes": f"{CODE}, {CODE}, {CODE}",
        "names": f"{CODE}, {CODE}, {CODE}, {CODE}, {CODE}",
        "typed": "K7Q4 2MXRTWBNPHDFGCV",
        "files": words.plural("photos", 4),
        "lines": "\n".join([line] * 10),
        "history": "\n".join([f"14/03 09:00 {status}: {QUOTED}"] * 3),
        "last": f"14/03 09:00 {status}: {QUOTED}",
        "end": "1234",
        "since": "14/03 09:00",
        "kinds": f"{status}: 12, {status}: 3",
        "why": words.text("unreached-window"),
        "giver": body,
        "first": body,
        "reason": max(
            (
                text_in(leaf.not_served.reason, language) + " " + text_in(leaf.not_served.go_to, language)
                for leaf in leaves
                if leaf.not_served
            ),
            key=len,
        ),
        "say": max((text_in(leaf.emergency.say, language) for leaf in leaves if leaf.emergency), key=len),
        "phone": "911",
        "day": "14/03 09:00",
        "area": most([area.name(language) for area in pack.records.areas]),
        "old": most([leaf.name(language) for leaf in leaves]),
        "new": most([leaf.name(language) for leaf in leaves]),
        "found": "Av. Juan Bautista Alberdi y Lacarra, Comuna 10",
        "near": "San Fernando del Valle de Catamarca, Argentina",
        "areas": f"Comuna 14 {words.text('or')} Comuna 15",
        "lat": "-34.60372",
        "lon": "-58.38159",
    }


class Values(dict[str, Any]):
    """The longest values; a number for everything that counts."""

    def __missing__(self, key: str) -> object:
        return 1000


def filled(language: str, key: str) -> str:
    words = catalog(language)
    template = words._message(key, "sms").forms[-1]
    return template.format_map(Values(longest(language)))


@cache
def said() -> tuple[str, ...]:
    """The key of everything the bot says in a chat."""
    return tuple(sorted({key for _, key in raw("es", "messages.po")}))


ASKED = asked()


def is_question(key: str) -> bool:
    return (key in ASKED or key.startswith(("ask-", "unclear-"))) and key not in TWO


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_keeps_its_budget_with_the_longest_names(language: str) -> None:
    over = []
    for key in said():
        text = filled(language, key)
        options = (Option("q1.send.skip", catalog(language).text("skip", "sms")),) if is_question(key) else ()
        body = render(
            Outbound(text=text, options=options, language=language, ticket="" if key == "preview" else "K7Q42MX")
        )
        most = 1 if is_question(key) else 2
        cut = DOTS in body and DOTS not in text.replace("…", DOTS) and key not in LISTS
        if not is_gsm7(body) or (segments(body) > most and key not in LISTS) or segments(body) > 4 or cut:
            over.append((key, segments(body), len(body), body))
    assert over == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_every_menu_is_one_sms(language: str) -> None:
    pack = demo_pack()
    for key, entries, values in [
        ("ask-category", pack.groups(), ""),
        *(
            ("ask-subcategory", pack.leaves(group.id), group.name(language))
            for group in pack.groups()
            if not group.leaf
        ),
    ]:
        items = tuple(Item(entry.id, entry.name(language), entry.icon) for entry in entries)
        for page in pages(language, Choice(items, key, group=values)):
            assert segments(page) == 1, page
            assert len(page.splitlines()) > 2, page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["ask-area", "ask-area-last"])
def test_a_page_of_areas_is_two_sms_at_most_even_behind_a_warning(language: str, key: str) -> None:
    items = tuple(Item(area.id, label_area(area.label(language))) for area in demo_pack().area_choices())
    where = longest(language)["where"]
    for remark in ("", longest(language)["notice"]):
        found = pages(language, Choice(items, key, where=where), remark=remark)
        assert all(segments(page) <= 2 for page in found), found
        more = transliterate(catalog(language).text("more-options", "sms"))
        assert all(page.endswith(more) for page in found[:-1]), found
        numbers = [line.split()[0] for page in found for line in page.splitlines() if line[0].isdigit()]
        assert numbers == [str(number) for number in range(1, len(items) + 1)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["my-reports", "inbox-list"])
def test_a_list_of_tickets_is_two_sms_and_names_some(language: str, key: str) -> None:
    # They speak of no single ticket, so that they have no more room than anything else.
    body = render(Outbound(text=filled(language, key), language=language))
    assert segments(body) <= 2
    assert body.count(CODE) >= 3, body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_sms_of_all_is_one_with_something_to_choose(language: str) -> None:
    pack = demo_pack()
    items = tuple(Item(group.id, group.name(language), group.icon) for group in pack.groups())
    first = pages(language, Choice(items, "ask-category"), remark=catalog(language).text("welcome", "sms"))[0]
    assert segments(first) == 1
    assert "\n1 " in first


def pages(language: str, question: Choice, remark: str = "") -> list[str]:
    """Every page of a question as SMS."""
    words, talk, found = catalog(language), Talk(1, "report"), []
    for number in range(20):
        scene = Scene(person=None, now=0.0, words=words, variant="sms", pack=demo_pack(), work=None, fits=fits)  # type: ignore[arg-type]
        scene.remarks += [remark] if remark and not number else []
        offer(scene, talk, "category", question)
        found.append(render(replace(scene.outs[-1], language=language)))
        if not (talk.pending and talk.pending.after and turn_page(talk, "", "+")):
            return found
    raise AssertionError("a list without end")


def carrier(kind: str) -> set[str]:
    return {fold(word) for words in CARRIERS.values() for word in words[kind]}


def shown_commands(language: str) -> list[tuple[str, str]]:
    """(key, words) of what SMS texts ask to type: words in capitals."""
    found, forms = [], catalog(language).keys()
    for key in said():
        if ("sms", key) in forms:
            text = re.sub(r"\b(?:BACHE|BURACO|POTHOLE) AV CORRIENTES 1234", "", filled(language, key)).replace(CODE, "")
            text = re.sub(r"\b(CODIGO|CODE|MMS|SMS|DDD|FOTO)\b", "", text)
            found += [
                (key, word.strip())
                for word in re.findall(r"\b[^\W\d_a-záéíóúãçõâêô]{2,}(?: [A-ZÁÉÍÓÚÃÇ]{2,})*\b", text)
            ]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_sms_asks_to_type_is_understood_and_no_carriers_word(language: str) -> None:
    words = catalog(language)
    shown = shown_commands(language)
    assert len(shown) > 20
    for key, word in shown:
        command = find_command(word, language, PATTERN) or find_command(f"/{word}", language, PATTERN)
        name = "" if command is None else command.name
        understood = fold(word) in {*words.yes, *words.skip, *words.more} or name not in ("", "unknown")
        assert understood, (key, word)
        assert name == "stop" or fold(word) not in carrier("stop"), (key, word)
        assert name == "start" or fold(word) not in carrier("start"), (key, word)
        assert name == "help" or fold(word) not in carrier("help"), (key, word)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_command_or_answer_that_an_sms_shows_is_a_carriers_word(language: str) -> None:
    words = catalog(language)
    every = set().union(*(carrier(kind) for kind in ("stop", "start", "help")))
    typed = [words.typed(name) for name in ABOUT_A_TICKET]
    labels = [
        words.text(key, "sms")
        for key in ("yes", "no", "skip", "send", "more", "change-details", "change-place", "change-category")
    ]
    colliding = {fold(each) for each in (*typed, *labels)} & every
    # "Yes" is the label of a numbered choice, and means yes to us too when the carrier lets it through.
    assert colliding <= {"yes"}


def test_what_the_carrier_does_by_itself_is_what_its_list_says() -> None:
    assert {fold(word) for word in CARRIERS["english"]["stop"]} == CARRIER_STOPS
    assert {fold(word) for word in CARRIERS["english"]["start"]} == CARRIER_STARTS
