"""templates.toml: what may be said on WhatsApp after a day, checked like the rest of a pack."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from routing import Fault, Pack, PackError, read_pack
from routing.templates import NAMES

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "packs" / "buenos-aires"
SID = "HX0123456789abcdef0123456789abcdef"
GOOD = f"""\
[[template]]
name = "update"
language = "es"
sid = "{SID}"
variables = ["code", "text"]

[[template]]
name = "update"
language = "pt"
sid = "{SID[:-1]}0"
variables = ["code", "body", "city", "text"]
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    """The demo pack with these templates."""
    folder = tmp_path / "pack"
    shutil.copytree(DEMO, folder)
    (folder / "templates.toml").write_text(text, "utf-8")
    return folder


def faults_of(folder: Path) -> list[Fault]:
    with pytest.raises(PackError) as error:
        read_pack(folder)
    return list(error.value.faults)


def test_a_template_is_found_by_name_and_language(tmp_path: Path) -> None:
    pack = Pack.from_json(read_pack(folder_with(tmp_path, GOOD)).to_json())
    found = pack.template("update", "pt-BR")
    assert found is not None
    assert (found.sid, found.variables) == (f"{SID[:-1]}0", ("code", "body", "city", "text"))


def test_a_language_without_a_template_gets_the_packs_first(tmp_path: Path) -> None:
    pack = read_pack(folder_with(tmp_path, GOOD))
    assert pack.template("update", "en") == pack.template("update", "es") is not None
    assert pack.template("resolved", "es") is None


def test_a_pack_does_without_templates(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD)
    (folder / "templates.toml").unlink()
    assert read_pack(folder).template("update", "es") is None


def test_the_demo_pack_has_none_and_shows_how() -> None:
    assert read_pack(DEMO).template("update", "es") is None
    assert "[[template]]" in (DEMO / "templates.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('name = "update"', 'name = "updates"', 2, "the name 'updates', which nobody asks for. Use update"),
        ('"es"', '"fr"', 3, "is in 'fr', which pack.toml does not list"),
        (SID, SID[:-1], 4, "the sid of template number 1 is no ContentSid. Copy it from Twilio's console"),
        (SID, SID.upper(), 4, "is no ContentSid"),
        ('["code", "text"]', '["code", "txt"]', 5, "the variable 'txt', which does not exist. Use code"),
        ('["code", "text"]', '["code", "text", "code"]', 5, "the variable 'code' twice. Use each once"),
        ('["code", "text"]', '["text"]', 5, "does not say the code"),
        ('["code", "text"]', '"code"', 5, "wrong kind of value"),
        ('language = "es"', 'language = "pt"', 7, "is 'update' in pt a second time (first on line 1)"),
        ('language = "es"\n', "", 1, "has no 'language'"),
        ("[[template]]", "[[templates]]", 1, "nobody reads 'templates'. This file has template"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_mend(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    faults = faults_of(folder_with(tmp_path, GOOD.replace(old, new, 1)))
    assert [(fault.line, told in str(fault)) for fault in faults] == [(line, True)], faults


def test_the_texts_to_register_keep_metas_rules() -> None:
    page = (ROOT / "docs" / "packs.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w\w) \| (.*) \|$", page, re.MULTILINE)
    assert {(name, language) for name, language, _ in rows} == {(n, la) for n in NAMES for la in ("es", "pt", "en")}
    for *_, text in rows:
        assert re.findall(r"\{\{(\d)\}\}", text) == ["1", "2"]
        assert not text.startswith("{{")
        assert not text.endswith("}}")
        assert not re.search(r"\}\}\s*\{\{", text)
