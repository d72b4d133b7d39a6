"""The settings: what an operator may write, what each line means, and what a mistake says."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, SettingsError, load_settings

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"
KEY = "k" * 32
TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "t", "TWILIO_SMS_FROM": "+5411"}


@pytest.fixture(autouse=True)
def an_empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [*os.environ]:
        if name.startswith("BALDOSA_") or name in ("PORT", "DATABASE_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(**variables: str) -> Settings:
    """Load the settings of a machine where these are set (BALDOSA_ is put before each)."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"BALDOSA_{name}", value)
        return load_settings()


def complaint(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**variables)
    line = str(caught.value)
    assert "\n" not in line
    return line


def documented() -> dict[str, str]:
    """Return the default of each variable that the page explains."""
    rows = re.findall(r"^\| `BALDOSA_(\w+)` \| (?:`([^`]*)`)? *\|", DOCS.read_text(), re.MULTILINE)
    return dict(rows)


def test_the_page_explains_every_setting_and_no_other() -> None:
    assert set(documented()) == {name.upper() for name in Settings.model_fields}


def test_the_defaults_are_those_on_the_page() -> None:
    bare = load()
    for name, default in documented().items():
        value = getattr(bare, name.lower())
        if name == "SECRET_KEY":
            continue  # made at the first start: its own test is below
        if name == "MEDIA_URL":
            default = Path(default).absolute().as_uri()
        shown = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        assert (shown.lower() if isinstance(value, bool) else shown) == default, name


def test_every_setting_has_its_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert re.fullmatch(r"[A-Z].*\.", field.description or ""), name


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().port = 1


def test_the_environment_wins_over_the_file() -> None:
    Path(".env").write_text("BALDOSA_PORT=1000\nBALDOSA_LANGUAGE=pt\nOTHER=1\n")
    settings = load(PORT="2000")
    assert (settings.port, settings.language) == (2000, "pt")


def test_an_empty_variable_counts_as_absent() -> None:
    assert load(PORT="", LANGUAGE="").port == 8080


def test_everything_moves_with_the_data_folder(tmp_path: Path) -> None:
    settings = load(DATA_DIR=str(tmp_path / "elsewhere"))
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/elsewhere/baldosa.db"
    assert settings.media_url == f"file://{tmp_path}/elsewhere/media"
    assert (tmp_path / "elsewhere" / "secret.key").exists()


def test_a_platform_is_understood_without_any_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("DATABASE_URL", "postgres://user:p%40ss@db.example:5432/name")
    settings = load(SECRET_KEY=KEY)
    assert (settings.host, settings.port) == ("0.0.0.0", 5000)
    assert settings.database_url == "postgresql+asyncpg://user:p%40ss@db.example:5432/name"


def test_our_own_names_win_over_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5000")
    monkeypatch.setenv("DATABASE_URL", "postgres://a/b")
    settings = load(HOST="127.0.0.1", PORT="6000", DATABASE_URL="sqlite:///x.db")
    assert (settings.host, settings.port) == ("127.0.0.1", 6000)
    assert settings.database_url == "sqlite+aiosqlite:///x.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d?sslmode=require&channel_binding=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgresql://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=/run/pg"),
        ("sqlite:////srv/b.db", "sqlite+aiosqlite:////srv/b.db"),
    ],
)
def test_a_database_may_be_written_as_people_write_it(written: str, meant: str) -> None:
    assert load(DATABASE_URL=written).database_url == meant


def test_the_whatsapp_number_may_be_written_as_twilio_shows_it() -> None:
    assert load(TWILIO_WHATSAPP_FROM="whatsapp:+5411").twilio_whatsapp_from == "+5411"


def test_the_secret_key_is_made_once_and_for_the_owner_alone() -> None:
    first, second = load(), load()
    assert len(first.secret_key.get_secret_value()) >= 32
    assert first.secret_key == second.secret_key
    assert stat.S_IMODE(Path("data/secret.key").stat().st_mode) == 0o600
    assert [path.name for path in Path("data").iterdir()] == ["secret.key"]


def test_secrets_are_not_shown() -> None:
    settings = load(SECRET_KEY=KEY, TELEGRAM_TOKEN="1:hidden", DATABASE_URL="postgresql://u:hidden@h/d")
    assert "hidden" not in repr(settings)
    assert KEY not in repr(settings)


def test_the_official_phone_is_offered_on_this_machine_only() -> None:
    assert load().phones == ("citizen", "official")
    assert load(PUBLIC_URL="http://localhost:8080").phones == ("citizen", "official")
    assert load(HOST="0.0.0.0", SECRET_KEY=KEY).phones == ()
    assert load(PUBLIC_URL="https://baldosa.example").phones == ()
    assert load(WEB_CHAT="citizen", HOST="0.0.0.0", SECRET_KEY=KEY).phones == ("citizen",)
    assert load(WEB_CHAT="off").phones == ()


@pytest.mark.parametrize(
    ("variables", "name", "mend"),
    [
        ({"PORT": "http"}, "PORT", "must be a valid integer"),
        ({"PORT": "70000"}, "PORT", "less than or equal to 65535"),
        ({"WEB_CHAT": "both"}, "WEB_CHAT", "must be 'auto', 'citizen' or 'off'"),
        ({"DATABASE_URL": "mysql://h/d"}, "DATABASE_URL", "must begin with sqlite:/// or postgresql://"),
        ({"MEDIA_URL": "ftp://h/d"}, "MEDIA_URL", "must be a folder"),
        ({"PUBLIC_URL": "baldosa.example"}, "PUBLIC_URL", "https://baldosa.example"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY", "32 characters or more"),
        ({"HOST": "0.0.0.0"}, "SECRET_KEY", "token_urlsafe"),
        ({"TELEGRAM_TOKEN": "hello"}, "TELEGRAM_TOKEN", "@BotFather"),
        ({"TELEGRAM_TOKEN": "1:a", "TELEGRAM_MODE": "webhook"}, "PUBLIC_URL", "or use polling"),
        ({"TELEGRAM_SECRET": "not allowed!"}, "TELEGRAM_SECRET", "letters, digits"),
        ({"TWILIO_ACCOUNT_SID": "me"}, "TWILIO_ACCOUNT_SID", "32 hexadecimal digits"),
        ({**TWILIO, "TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN", "console"),
        ({**TWILIO, "TWILIO_SMS_FROM": ""}, "TWILIO_SMS_FROM", "number"),
        (TWILIO, "PUBLIC_URL", "what Twilio signs"),
        ({"PRODUCTION": "yes", "PUBLIC_URL": "http://b.example"}, "PUBLIC_URL", "must begin with https://"),
        ({"PRODUCTION": "yes", "PUBLIC_URL": "https://b.example"}, "SECRET_KEY", "make one with"),
        ({"TELEGRAM_TOKN": "1:a"}, "TELEGRAM_TOKN", "did you mean BALDOSA_TELEGRAM_TOKEN?"),
        ({"XYZZY": "1"}, "XYZZY", "remove it"),
        ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR", "cannot keep the secret key"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_variable_and_the_mend(
    variables: dict[str, str], name: str, mend: str
) -> None:
    line = complaint(**variables)
    assert line.startswith(f"BALDOSA_{name} ")
    assert mend in line


def test_two_mistakes_are_told_together_and_nothing_else() -> None:
    line = complaint(PORT="x", LOG_LEVEL="loud")
    assert line.count("BALDOSA_") == 2


def test_a_misspelt_name_in_the_file_is_told_too() -> None:
    Path(".env").write_text("BALDOSA_PROT=80\n")
    assert "did you mean BALDOSA_PORT?" in complaint()


def test_what_the_tests_need_is_no_setting() -> None:
    assert load(TEST_POSTGRES="postgresql+asyncpg://h/d", REQUIRE_BROWSER="1").port == 8080
