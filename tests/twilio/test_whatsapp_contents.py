"""Contents: each shape of menu is known to Twilio once, and filled by variables that Twilio takes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.twilio_api import Api
from bot.channels.whatsapp_contents import FAILED_SECONDS, REFUSED_SECONDS, Contents, describe, tidy, to_json
from bot.channels.whatsapp_render import Menu, Row
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio_contents import Contents as FakeContents

YES_NO = Menu("quick_reply", (Row("y", "Sí"), Row("n", "No")))
LIST = Menu("list", (Row("a", "Comuna 1", "Retiro"), Row("b", "Comuna 2"), Row("c", "No sé")), "Elegir")


class Clock:
    """A clock turned by hand."""

    now = 0.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def shown(text: str, menu: Menu) -> tuple[str, list[tuple[str, str, str]]]:
    """What a phone shows of it."""
    contents = FakeContents(lambda: 0.0)
    _, content, variables = describe(text, menu)
    rendered, _ = contents.render(contents.create(content).sid, to_json(variables))
    return rendered.text, [(button.data, button.label, button.description) for button in rendered.buttons]


@pytest.mark.parametrize("text", ["¿Lo mando?", "Uno\nDos", "Uno\n\nDos\n\n¿Tres?", "Uno\nDos\n\nTres\nCuatro"])
def test_lines_and_paragraphs_arrive_as_they_were(text: str) -> None:
    assert shown(text, YES_NO) == (text, [("y", "Sí", ""), ("n", "No", "")])


def test_what_looks_like_a_variable_is_none() -> None:
    assert shown("{{2}} y {{{1}}}", YES_NO)[0] == "{ {2}} y { { {1}}}"


def test_a_list_has_descriptions_where_there_are_any() -> None:
    rows = [("a", "Comuna 1", "Retiro"), ("b", "Comuna 2", ""), ("c", "No sé", "")]
    assert shown("¿Dónde?", LIST) == ("¿Dónde?", rows)


def test_the_name_tells_the_whole_shape() -> None:
    assert describe("¿Sí?", YES_NO)[0] == "baldosa_quick_reply_2"
    assert describe("Uno\nDos\n\n\n\n¿Sí?", YES_NO)[0] == "baldosa_quick_reply_2_12"
    assert describe("¿Dónde?", LIST)[0] == "baldosa_list_3d100"


def test_menus_of_one_shape_share_a_content() -> None:
    other = Menu("quick_reply", (Row("x", "Tomar"), Row("z", "Responder")))
    assert describe("Uno\nDos", YES_NO)[:2] == describe("Nuevo\nreclamo", other)[:2]


def test_nobodys_words_are_left_in_a_content() -> None:
    _, content, variables = describe("Vive en Callao 1234", YES_NO)
    assert "Callao" not in str(content)
    assert "Vive en Callao 1234" in variables.values()


@settings(max_examples=150)
@given(st.text(min_size=1, max_size=200).filter(str.strip), st.text(max_size=15))
def test_any_words_are_taken_by_twilio(text: str, label: str) -> None:
    menu = Menu("quick_reply", (Row("y", f"a{label}"), Row("n", "No")))
    said, _ = shown(text, menu)
    assert "".join(said.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("value", "taken"), [("", "-"), (" \n\t ", "-"), ("a\n\nb\tc", "a b c"), ("a" + " " * 9 + "b", "a b")]
)
def test_a_variable_is_one_line_and_never_empty(value: str, taken: str) -> None:
    assert tidy(value) == taken


def test_a_variable_is_cut_where_it_must_be_short() -> None:
    assert tidy("x" * 100, 60) == "x" * 59 + "…"


async def test_a_content_is_made_once_and_remembered(fake: FakeTwilio, api: Api) -> None:
    contents, (name, content, _) = Contents(api), describe("¿Sí?", YES_NO)
    sids = {await contents.sid(name, content) for _ in range(3)}
    assert sids == set(fake.contents.kept)
    assert [call.method for call in fake.calls] == ["GET", "POST"]


async def test_what_another_process_made_is_found_by_its_name(fake: FakeTwilio, api: Api) -> None:
    name, content, _ = describe("¿Sí?", YES_NO)
    first = await Contents(api).sid(name, content)
    assert await Contents(api).sid(name, content) == first
    assert len(fake.contents.kept) == 1


async def test_the_same_menu_in_many_chats_at_once_is_made_once(fake: FakeTwilio, api: Api) -> None:
    contents, (name, content, _) = Contents(api), describe("¿Sí?", YES_NO)
    sids = await asyncio.gather(*(contents.sid(name, content) for _ in range(20)))
    assert len(set(sids)) == len(fake.contents.kept) == 1


async def test_nobodys_line_breaks_fill_the_account_with_contents(
    fake: FakeTwilio, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.whatsapp_contents.MOST_SHAPES", 3)
    await api.create_content({**describe("¿Sí?", YES_NO)[1], "friendly_name": "somebody else's"})
    texts = ["Uno", "Uno\nDos", "Uno\n\nDos", "Uno\nDos\nTres", "Uno\n\nDos\nTres"]
    contents = Contents(api)
    sids = [await contents.sid(*describe(text, YES_NO)[:2]) for text in texts]
    assert [bool(sid) for sid in sids] == [True, True, True, False, False]
    assert await Contents(api).sid(*describe(texts[1], YES_NO)[:2]) == sids[1]
    assert len(fake.contents.kept) == 4


async def test_a_refused_content_is_asked_for_again_much_later(fake: FakeTwilio, api: Api) -> None:
    clock = Clock()
    contents, (name, content, _) = Contents(api, clock), describe("¿Sí?", YES_NO)
    fake.trouble.refuse(20422, path="/v1/Content")
    assert await contents.sid(name, content) == ""
    asked = len(fake.calls)
    assert await contents.sid(name, content) == ""
    assert len(fake.calls) == asked
    clock.now += REFUSED_SECONDS + 1
    assert await contents.sid(name, content) != ""


async def test_an_accident_is_forgotten_soon(fake: FakeTwilio, api: Api) -> None:
    clock = Clock()
    contents, (name, content, _) = Contents(api, clock), describe("¿Sí?", YES_NO)
    fake.trouble.fail(1, path="/v1/Content")
    assert await contents.sid(name, content) == ""
    clock.now += FAILED_SECONDS + 1
    assert await contents.sid(name, content) != ""
