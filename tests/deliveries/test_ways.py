"""What a pack may say of how a body receives: wrong tables are told with their line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing import PackError, read_pack
from routing.ways import EmailWay, Open311Way, WebhookWay
from tests.routing.tiny_pack import BODIES, FILES

GOOD = """delivery = ["chat", "email", "open311", "webhook"]
language = "es"
email = { to = ["a@x.test"] }
open311 = { endpoint = "https://x.test/v2", key = "AGUA", services = { "*" = "001" } }
webhook = { url = "https://x.test/hook", secret = "HOOK" }
"""


def folder(path: Path, table: str) -> Path:
    """A pack whose town hall receives so."""
    (path / "areas").mkdir()
    bodies = BODIES.replace('id = "town-hall"\n', f'id = "town-hall"\n{table}', 1)
    for name, text in {**FILES, "bodies.toml": bodies}.items():
        (path / name).write_text(text, "utf-8")
    return path


def test_a_body_may_receive_in_every_way_at_once(tmp_path: Path) -> None:
    pack = read_pack(folder(tmp_path, GOOD))
    body = pack.body("town-hall")
    assert body is not None
    assert body.email == EmailWay(to=("a@x.test",))
    assert body.open311 == Open311Way(endpoint="https://x.test/v2", key="AGUA", services={"*": "001"})
    assert body.webhook == WebhookWay(url="https://x.test/hook", secret="HOOK")
    again = type(pack).from_json(pack.to_json()).body("town-hall")
    assert again == body


def only_open311(services: str) -> str:
    lines = [line for line in GOOD.splitlines(keepends=True) if not line.startswith(("email", "webhook"))]
    return re.sub(r"delivery = .*", 'delivery = ["open311"]', "".join(lines)).replace('{ "*" = "001" }', services)


def test_a_category_that_a_body_may_be_given_and_has_no_service_for_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        read_pack(folder(tmp_path, only_open311('{ streets = "7" }')))
    (fault,) = caught.value.faults
    assert fault.problem.endswith("may be given other, for which it has no service_code")
    assert fault.file.endswith("bodies.toml")
    assert (tmp_path / "bodies.toml").read_text("utf-8").splitlines()[fault.line - 1].startswith("open311")


@pytest.mark.parametrize("services", ['{ other = "8", streets = "7" }', '{ "*" = "7" }'])
def test_a_service_for_whatever_it_may_be_given_is_enough(tmp_path: Path, services: str) -> None:
    assert read_pack(folder(tmp_path, only_open311(services))).body("town-hall")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('email = { to = ["a@x.test"] }\n', "", "receives by 'email' and does not say how"),
        ('"chat", "email", ', '"chat", ', "has a table 'email' that nobody reads"),
        ('["a@x.test"]', "[]", "has no address"),
        ('["a@x.test"]', '["a@x.test", "b at x"]', "'b at x', which is no e-mail address"),
        ("https://x.test/v2", "x.test/v2", "'x.test/v2', which is no web address"),
        ("https://x.test/hook", "https://me:secret@x.test/hook", "has a password in a web address"),
        ('"HOOK"', '"s3cret value"', "is not the name of a secret"),
        ('"AGUA"', '"KEY"', "is not the name of a secret"),
        ('{ "*" = "001" }', "{}", "has no service_code for any category"),
        ("services =", "service =", "wrong kind of value"),
        ('"chat", "email"', '"chat", "pigeon", "email"', "has the delivery 'pigeon', which does not exist"),
    ],
)
def test_a_wrong_table_is_told_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(PackError) as caught:
        read_pack(folder(tmp_path, GOOD.replace(old, new)))
    (fault,) = caught.value.faults
    assert problem in fault.problem
    assert fault.line > 1
    assert "s3cret value" not in fault.mend
