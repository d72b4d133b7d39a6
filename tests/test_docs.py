"""The newcomer's pages tell the truth: what they name exists, and what docs/adding.md shows works."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

import locales
from bot.__main__ import app
from bot.channels import Channel, SendError
from bot.messages import Link, Option, Outbound
from handlers import COMMANDS, CONVERSATIONS
from locales import LANGUAGES, catalog, find_command
from routing.pack import read_pack
from storage.codes import PATTERN
from storage.schema import inbox, metadata
from tests.machine import Machine
from tests.transcripts import play, read_transcript
from web.words import best_language

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES}
ADDING, ARCHITECTURE = TEXT["docs/adding.md"], TEXT["docs/architecture.md"]
MADE_HERE = ("data", "__pycache__")
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in MADE_HERE}
SOURCES = [path for room in sorted(ROOMS - {"tests"}) for path in sorted((ROOT / room).rglob("*.py"))]

CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w.-]+/[\w./-]+)`")


def shown(path: str) -> list[str]:
    """Return the blocks of docs/adding.md that go into this file: the paragraph above each says where it goes."""
    blocks = [(ADDING[: block.start()].rstrip().rpartition("\n\n")[2], block[2]) for block in FENCED.finditer(ADDING)]
    return [code for words, code in blocks if PATH.findall(words)[:1] == [path]]


def code_of(text: str) -> Iterator[str]:
    """Yield every line of code on a page, in a sentence or a block."""
    yield from CODE.findall(FENCED.sub("", text))
    for _, block in FENCED.findall(text):
        yield from block.splitlines()


def names_in_code() -> set[str]:
    return {name for path in SOURCES for name in re.findall(r"\w+", path.read_text("utf-8"))}


def load(name: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a module from its source, under its name, for the length of a test."""
    path = folder / f"{name}.py"
    path.write_text(source, "utf-8")
    spec = spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


# What the pages name


@pytest.mark.parametrize("page", TEXT)
def test_every_path_on_a_page_exists(page: str) -> None:
    links = [(ROOT / page).parent / link for link in re.findall(r"\]\((?!\w+:)([^)#]+)", TEXT[page])]
    assert [link for link in links if not link.exists()] == []
    new = set(re.findall(r"`([^`]+)`, new", TEXT[page]))
    named = {token for token in CODE.findall(FENCED.sub("", TEXT[page])) if token.partition("/")[0] in ROOMS}
    paths = {token for token in named if re.fullmatch(r"[\w.<>*-]+(/[\w.<>*-]*)+", token)} - new
    assert [path for path in sorted(paths) if not [*ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/")))]] == []


@pytest.mark.parametrize("page", TEXT)
def test_every_make_target_on_a_page_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {target for line in code_of(TEXT[page]) for target in re.findall(r"(?:^|\s)make ([a-z]+)", line)}
    assert named - targets == set()


@pytest.mark.parametrize("page", TEXT)
def test_every_command_on_a_page_is_one_of_the_program(page: str) -> None:
    for line in code_of(TEXT[page]):
        for said in re.findall(r"python -m bot ([^#]+)", line):
            words = said.split()
            command: Any = typer.main.get_command(app)
            while hasattr(command, "commands"):
                assert words, line
                assert words[0] in command.commands, line
                command = command.commands[words.pop(0)]
            known = {option for each in command.params for option in each.opts}
            assert {word for word in words if word.startswith("--")} <= known, line


def test_the_readmes_table_has_every_folder() -> None:
    rows = re.findall(r"^\| `([\w/]+)/` \|", TEXT["README.md"], re.MULTILINE)
    assert {row for row in rows if "/" not in row} == ROOMS
    assert all((ROOT / row).is_dir() for row in rows)


def test_every_name_in_the_architecture_is_in_the_code() -> None:
    spoken = [
        token for token in CODE.findall(ARCHITECTURE) if not re.search("[/ ]", token) and not (ROOT / token).exists()
    ]
    named = {name for token in spoken for name in re.findall(r"[A-Za-z_]\w+", token)}
    assert named - names_in_code() == set()
    assert len(named) > 60


def test_the_architecture_has_every_table_and_every_kind_of_the_outbox() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| [^|]+\|$", ARCHITECTURE, re.MULTILINE)) == set(metadata.tables)
    section = ARCHITECTURE.partition("## The outbox")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in re.findall(r"^\|.*`.*$", section, re.MULTILINE)]
    calls = [
        node
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "post"
    ]
    posted = {
        (name, each.value.value)
        for call in calls
        for name in ("kind", "account")
        for each in call.keywords
        if each.arg == name and isinstance(each.value, ast.Constant)
    }
    assert {("kind", kind) for row in rows for kind in CODE.findall(row[2])} == {p for p in posted if p[0] == "kind"}
    assert {("account", account) for row in rows[1:] for account in CODE.findall(row[1])} == {
        p for p in posted if p[0] == "account"
    }


# What docs/adding.md shows


@pytest.fixture
def aged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the conversation as the page says: the handler, its line, its words in every language."""
    folder = Path(shutil.copytree(locales.FOLDER, tmp_path / "locales"))
    for language in LANGUAGES:
        said, typed = (folder / language / name for name in ("messages.po", "commands.toml"))
        said.write_text(f"{said.read_text('utf-8')}\n{''.join(shown(f'locales/{language}/messages.po'))}", "utf-8")
        words = "".join(shown(f"locales/{language}/commands.toml"))
        typed.write_text(typed.read_text("utf-8").replace("[commands]\n", f"[commands]\n{words}"), "utf-8")
    monkeypatch.setattr(locales, "FOLDER", folder)
    assert "age" not in CONVERSATIONS, "the example is something new"
    module = load("handlers.age", shown("handlers/age.py")[0], tmp_path, monkeypatch)
    assert shown("handlers/__init__.py") == ['    "age": age,\n']
    monkeypatch.setitem(CONVERSATIONS, "age", module.age)
    monkeypatch.setitem(COMMANDS, "age", "age")
    forget_words()
    yield
    monkeypatch.undo()
    forget_words()


def forget_words() -> None:
    locales.catalog.cache_clear()
    locales._catalog.cache_clear()
    locales._own_first.cache_clear()


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("channel", ["browser", "telegram"])
async def test_the_conversation_is_held_as_its_transcript_says(channel: str, sqlite_url: str, tmp_path: Path) -> None:
    (transcript,) = shown("tests/conversations/age.txt")
    path = tmp_path / "age.txt"
    path.write_text(transcript, "utf-8")
    played = (await play(read_transcript(path), channel, sqlite_url, tmp_path)).text
    heard = [line.strip() for line in played.splitlines() if ">" in line or "hace 40" in line]
    assert heard[-4:] == [
        "ana> Cada lluvia se agranda", "bot to ana>", "bot to luis>", "«Está así hace 40 días. Cada lluvia se agranda»",
    ]  # fmt: skip
    assert catalog("es").text("unclear-number", least=0, most=3650) in played
    assert catalog("es").text("age-kept", body="Comuna 14") in played


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_conversations_words_are_said_and_understood(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = catalog(language)
    assert all(words.has(key) for key in ("ask-days", "ask-worse", "age-told", "age-kept"))
    assert find_command(f"/{words.slash['age']} K7Q4-2MX", language, PATTERN) == ("age", "K7Q4-2MX")
    assert find_command(f"{words.slash['age']} K7Q4-2MX", language, PATTERN) is None
    monkeypatch.setattr(locales, "ABOUT_A_TICKET", locales.ABOUT_A_TICKET | {"age"})
    assert find_command(f"{words.slash['age']} K7Q4-2MX", language, PATTERN) == ("age", "K7Q4-2MX")


async def test_the_channel_takes_and_brings(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = load("bot.channels.relay", shown("bot/channels/relay.py")[0], tmp_path, monkeypatch)
    webhook = load("web.relay_webhook", shown("web/relay_webhook.py")[0], tmp_path, monkeypatch)
    channel = relay.RelayChannel("http://127.0.0.1:1/", "secret")
    async with Machine(sqlite_url) as machine:
        server = web.Application()
        server.router.add_post(webhook.PATH, webhook.relay_webhook(channel, machine.intake))
        async with TestClient(TestServer(server)) as client:
            said = {"id": "1", "from": "ana", "text": "hola"}
            for body, proof in ((said, "secret"), (said, "secret"), ({"id": 2}, "secret"), (said, "guessed")):
                answer = await client.post(webhook.PATH, json=body, headers={"Authorization": f"Bearer {proof}"})
                assert answer.status == (200 if proof == "secret" else 401)
        kept = await machine.rows(select(inbox.c.key, inbox.c.status).order_by(inbox.c.id))
        assert [status for _, status in kept] == ["done", "dead"]
        assert len(await machine.phone("ana", account=relay.ACCOUNT).everything()) == 1


async def test_the_channel_says_in_our_words_what_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = load("bot.channels.relay", shown("bot/channels/relay.py")[0], tmp_path, monkeypatch)
    brought: list[object] = []
    statuses = iter((200, 401, 404, 429, 503, 422))

    async def take(request: web.Request) -> web.Response:
        brought.append((request.headers["Authorization"], await request.json()))
        return web.Response(status=next(statuses))

    server = web.Application()
    server.router.add_post("/", take)
    async with TestServer(server) as listening:
        channel = relay.RelayChannel(str(listening.make_url("/")), "secret")
        yes = Option("q1.sure.yes", "Sí", "✅")
        message = Outbound(text="¿Segura?", options=(Option("@location", "Acá"), yes), link=Link("Ver", "https://a.b"))
        await channel.send("ana", message, again=False, plain=False)
        assert brought == [("Bearer secret", {"to": "ana", "text": "¿Segura?\n1. Sí\nhttps://a.b"})]
        kinds = [await failure(channel, message) for _ in range(5)]
    kinds.append(await failure(channel, message))
    assert kinds == ["config", "gone", "throttled", "server", "content", "not_sent"]


async def failure(channel: Channel, message: Outbound) -> str:
    with pytest.raises(SendError) as caught:
        await channel.send("ana", message, again=False, plain=False)
    return caught.value.kind


def test_the_channels_settings_and_its_place_in_the_process_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fields,) = shown("bot/settings.py")
    head = (
        "from bot.setting_kinds import BaseUrl\n"
        "from bot.settings import UNSET, Field, SecretStr, Settings\n\n"
        "class Relayed(Settings):\n"
    )
    settings = load("relayed", f"{head}{fields}", tmp_path, monkeypatch).Relayed()
    told = re.findall(r"`BALDOSA_(\w+)`", "".join(shown("docs/settings.md")))
    assert {name.lower() for name in told} == {name for name in type(settings).model_fields if name.startswith("relay")}
    source = (ROOT / "bot" / "app.py").read_text("utf-8")
    imports, *places = shown("bot/app.py")
    used = {name for place in places for name in re.findall(r"[A-Za-z_]\w+", place)}
    ours = {name for name in used if "relay" in name.lower()}
    taken = (ROOT / "bot" / "senders.py").read_text("utf-8")
    # Beside ours: a builtin, and methods of a list, of a dict, of a secret and of aiohttp's.
    known = {"isinstance", "append", "get", "get_secret_value", "post", *re.findall(r"\w+", source + taken)}
    assert used - ours <= known
    assert ours <= {*type(settings).model_fields, "relay", *re.findall(r"\w+", imports)}
    steps = ADDING.partition("`bot/app.py`, its imports")[2].partition("## A language")[0]
    methods = {name for name in CODE.findall(FENCED.sub("", steps)) if name.startswith("_")}
    assert len(methods) == 3
    assert [method for method in methods if f"def {method}(" not in source] == []
    assert '        return {"perform": performs(self.channels[account])}\n' in source


def test_a_language_is_a_folder_and_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(locales.FOLDER, tmp_path / "locales"))
    shutil.copytree(folder / "en", folder / "fr")
    (line,) = shown("locales/__init__.py")
    languages = ast.literal_eval(line.partition(" = ")[2])
    assert {**LANGUAGES, "fr": languages["fr"]} == languages
    monkeypatch.setattr(locales, "FOLDER", folder)
    monkeypatch.setitem(LANGUAGES, "fr", languages["fr"])
    forget_words()
    assert catalog("fr-CA").language == best_language("fr-CA, es;q=0.5") == "fr"
    assert "francais" in catalog("fr").own_names
    forget_words()


def test_a_category_is_a_table_in_the_pack(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "packs" / "buenos-aires", tmp_path / "pack"))
    (table,) = shown("packs/buenos-aires/categories.toml")
    file, below = folder / "categories.toml", '[[category]]\nid = "transito-otro"\n'
    text = file.read_text("utf-8")
    assert text.count(below) == 1
    file.write_text(text.replace(below, f"{table}\n{below}"), "utf-8")
    pack = read_pack(folder)
    said = {"es": "el bicicletero está roto", "pt": "o bicicletário caiu", "en": "a broken bike rack"}
    assert {pack.recognition.recognise(words, language) for language, words in said.items()} == {"bicicletero"}
    assert pack.leaves("transito")[-1].other
    body = pack.responsible((), "bicicletero")
    assert body
    assert body.id == "transito"
