"""The server as a visitor meets it: what it shows to whom, and what every answer carries."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from locales import LANGUAGES, catalog
from tests.scripted_rooms import House
from web.guard import content_policy
from web.limits import Doors, Pace, TooManyError
from web.sign import Signer
from web.statics import FOLDER
from web.words import best_language

TEMPLATES = FOLDER.parent / "templates"
PAGES = ("/", "/t/K7Q4-2MX", "/t/K7Q4-999", "/nowhere")
HTML = {"Accept": "text/html"}


async def test_the_simulator_shows_both_phones_on_this_machine(house: House) -> None:
    async with house.open() as client:
        text = await (await client.get("/")).text()
    assert 'data-phone="citizen"' in text
    assert 'data-phone="official"' in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "baldosa.example"},
        {"Host": "127.0.0.1.example:80"},
        {"X-Forwarded-For": "203.0.113.5"},
        {"Forwarded": "for=203.0.113.5"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_the_simulator_is_not_shown_to_what_comes_from_elsewhere(house: House, headers: dict[str, str]) -> None:
    async with house.open() as client:
        for path in ("/", "/chat/demo.json", "/metrics", "/chat/ws?phone=official"):
            assert (await client.get(path, headers={**HTML, **headers})).status == 404, path


async def test_the_simulator_is_not_shown_by_a_server_that_others_can_reach(house: House) -> None:
    async with house.open(host="0.0.0.0") as client:
        assert (await client.get("/", headers=HTML)).status == 404


async def test_the_public_chat_has_no_official_side(house: House) -> None:
    async with house.open(phones=("citizen",), host="0.0.0.0") as client:
        text = await (await client.get("/", headers={"Host": "baldosa.example"})).text()
        assert 'data-phone="citizen"' in text
        assert "official" not in text
        for path in ("/chat/demo.json", "/chat/ws?phone=official", "/chat/upload?phone=official"):
            method = client.post if "upload" in path else client.get
            assert (await method(path, headers=_own(client))).status == 404, path
        assert (await client.post("/chat/demo/invite", json={"all": True}, headers=_own(client))).status == 404


async def test_a_closed_chat_is_a_plain_page(house: House) -> None:
    async with house.open(phones=()) as client:
        answer = await client.get("/", headers={**HTML, "Accept-Language": "es"})
        assert answer.status == 404
        assert "Acá no hay nada" in await answer.text()
        assert (await client.post("/chat/session", headers=_own(client))).status == 404


@pytest.mark.parametrize("path", [*PAGES, "/static/x/base.css", "/health/live", "/chat/map.json", "/media/x?s=y"])
async def test_every_answer_carries_the_security_headers(house: House, path: str) -> None:
    async with house.open() as client:
        headers = (await client.get(path, headers=HTML)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=(self)" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "Strict-Transport-Security" not in headers


async def test_a_site_with_https_says_so_for_a_year_and_keeps_its_cookie_for_it(house: House) -> None:
    async with house.open(public_url="https://baldosa.example") as client:
        answer = await client.get("/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Secure" in answer.headers["Set-Cookie"]


def test_only_configured_tiles_open_the_policy() -> None:
    assert "http" not in content_policy("")
    policy = content_policy("https://{s}.tiles.example/{z}/{x}/{y}.png")
    assert "img-src 'self' blob: https://*.tiles.example;" in policy


async def test_pages_run_no_script_and_no_style_of_their_own(house: House) -> None:
    async with house.open() as client:
        for path in PAGES:
            text = await (await client.get(path, headers=HTML)).text()
            scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
            assert all("src=" in tag or 'type="application/json"' in tag for tag, _ in scripts)
            assert not re.search(r"<style|\sstyle=|\son\w+=", text), path


async def test_nothing_is_loaded_from_another_host(house: House) -> None:
    texts = {path.name: path.read_text() for folder in (FOLDER, TEMPLATES) for path in folder.rglob("*.*")}
    async with house.open() as client:
        for path in PAGES:
            texts[path] = await (await client.get(path, headers=HTML)).text()
    for name, text in texts.items():
        hosts = {urlsplit(found).netloc for found in re.findall(r"https?://[\w.:-]+", text)}
        assert hosts <= {"www.w3.org"}, name
        assert not re.search(r"""(?:src|href)=["']//|url\(["']?(?:https?:)?//""", text), name


async def test_what_a_page_loads_is_there_and_may_be_kept_for_ever(house: House) -> None:
    async with house.open() as client:
        text = await (await client.get("/")).text()
        paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', text) + re.findall(r'"(/static/[^"]+leaflet[^"]+)"', text)
        assert any(path.endswith("leaflet.js") for path in paths)
        for path in paths:
            answer = await client.get(path)
            assert answer.status == 200, path
            assert "immutable" in answer.headers["Cache-Control"]


def test_scripts_import_only_scripts_that_are_served() -> None:
    served = {path.name for path in FOLDER.glob("*.js")}
    for path in FOLDER.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text()):
            assert name in served, f"{path.name} imports {name}"


async def test_an_old_version_of_a_file_is_not_kept(house: House) -> None:
    async with house.open() as client:
        answer = await client.get("/static/0000/base.css")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert (await client.get("/static/0000/../server.py")).status == 404
        assert (await client.get("/static/0000/%2e%2e/server.py")).status == 404


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en-GB;q=0.3, es-AR;q=0.9", "es"),
        ("de, ja", "es"),
        ("", "es"),
        ("en;q=0", "es"),
        ("en;q=odd, pt;q=0.1", "pt"),
    ],
)
def test_the_browser_says_which_language_it_likes_best(accepted: str, language: str) -> None:
    assert best_language(accepted) == language


async def test_the_switch_changes_the_language_for_good(house: House) -> None:
    async with house.open() as client:
        text = await (await client.get("/?lang=pt", headers={"Accept-Language": "en"})).text()
        assert '<html lang="pt-BR">' in text
        text = await (await client.get("/t/K7Q4-2MX", headers={"Accept-Language": "en"})).text()
        assert '<html lang="pt-BR">' in text
        assert '<html lang="en">' in await (await client.get("/?lang=xx", headers={"Accept-Language": "en"})).text()


def test_every_page_says_the_same_things_in_every_language() -> None:
    known = {language: set(catalog(language).keys()) for language in LANGUAGES}
    own = {language: {key for key in keys if key[1].startswith("web-")} for language, keys in known.items()}
    assert own["es"] == own["pt"] == own["en"]
    said = set(re.findall(r"say\('(web-[a-z0-9-]+)'[,)]", "".join(p.read_text() for p in TEMPLATES.glob("*.html"))))
    scripts = set(re.findall(r'\bsay\("([a-z-]+)"', "".join(p.read_text() for p in FOLDER.glob("*.js"))))
    assert said | {f"web-chat-{name}" for name in scripts} <= {key for _, key in own["es"]}


async def test_a_contact_keeps_its_cookie(house: House) -> None:
    async with house.open() as client:
        first = await client.get("/")
        cookie = first.cookies["baldosa"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert int(cookie["max-age"]) == 365 * 24 * 3600
        assert "baldosa" not in (await client.get("/")).cookies


async def test_a_forged_cookie_is_replaced(house: House) -> None:
    async with house.open() as client:
        value = (await client.get("/")).cookies["baldosa"].value
        other = ("0" if value[0] != "0" else "1") + value[1:]
        client.session.cookie_jar.clear()
        answer = await client.get("/", headers={"Cookie": f"baldosa={other}"})
        assert answer.cookies["baldosa"].value.split(".")[0] not in (value.split(".")[0], other.split(".")[0])


def test_a_signature_is_good_for_one_thing_only() -> None:
    signer = Signer("one")
    signature = signer.sign("media", "a")
    assert signer.agrees("media", "a", signature)
    assert not signer.agrees("contact", "a", signature)
    assert not signer.agrees("media", "b", signature)
    assert not Signer("two").agrees("media", "a", signature)
    assert not signer.agrees("media", "a", "ñ")


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        Signer("")


def test_a_pace_lets_a_burst_through_and_then_a_trickle() -> None:
    now = 100.0
    pace = Pace(rate=5, burst=3, clock=lambda: now)
    assert [pace.wait_for("ana") for _ in range(3)] == [0, 0, 0]
    assert pace.wait_for("ana") == pytest.approx(0.2)
    assert pace.wait_for("beto") == 0
    now += 0.2
    assert pace.wait_for("ana") == 0
    assert pace.wait_for("ana") > 0


def test_doors_count_public_visitors_apart_and_private_ones_together() -> None:
    doors = Doors(most=4, per_peer=1)
    with doors.opened("8.8.8.8"), doors.opened("10.0.0.1"), doors.opened("10.0.0.1"):
        with pytest.raises(TooManyError), doors.opened("8.8.8.8"):
            pass
        with doors.opened("9.9.9.9"), pytest.raises(TooManyError), doors.opened("10.0.0.1"):
            pass
    with doors.opened("8.8.8.8"):
        pass


def _own(client: object) -> dict[str, str]:
    """The Origin of a page of ours."""
    return {"Origin": str(getattr(client, "make_url")("/").origin())}  # noqa: B009 - any client will do
