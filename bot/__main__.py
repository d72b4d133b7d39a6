"""The command line, `python -m bot`: run, chat, migrate, copy, pack, areas, officials, twilio, failed and more."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import area_commands, care_commands, figure_commands, sending_commands
from bot.console import do, fail, read_settings
from bot.officials import app as officials_app
from bot.settings import Settings

app = typer.Typer(
    help="Baldosa: citizens report city problems from a chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its traces print local values
)
pack_app = typer.Typer(help="The data of a municipality.", no_args_is_help=True)
twilio_app = typer.Typer(help="WhatsApp and SMS.", no_args_is_help=True)
app.add_typer(pack_app, name="pack")
app.add_typer(area_commands.app, name="areas")
app.add_typer(officials_app, name="officials")
app.add_typer(twilio_app, name="twilio")


@app.command()
def run() -> None:
    """Serve: the web page, the webhooks, the senders. Stops cleanly on Ctrl-C or SIGTERM."""
    settings = read_settings()
    from bot.app import App
    from bot.logs import set_up_logs

    set_up_logs(settings.log_level, settings.log_format)

    def announce(url: str) -> None:
        trial = "  two phones to try it with. Ctrl-C stops it." if "official" in settings.phones else ""
        print(f"{url}{trial}", flush=True)

    if not do(App(settings).serve(announce)):
        fail("A part of Baldosa failed; the log above says which. Please start it again and report it.")


@app.command()
def chat(language: str = typer.Option("", help="The language to be spoken to in, as a phone would tell it.")) -> None:
    """Talk to Baldosa here, as a citizen; nothing is sent anywhere else."""
    settings = read_settings()
    from bot.logs import set_up_logs
    from bot.operations import talk

    set_up_logs("error", settings.log_format)
    with contextlib.suppress(KeyboardInterrupt):
        do(talk(settings, language, print))


@app.command()
def migrate() -> None:
    """Bring the database's schema to the newest version."""
    settings = read_settings()
    from storage.database import migrate

    do(migrate(settings.database_url))
    print("The database is up to date.")


@app.command()
def copy(
    to: str = typer.Argument(help="The empty database to copy into, such as postgresql://user@host/name."),
) -> None:
    """Copy everything into another database; stop the server first, then set BALDOSA_DATABASE_URL to the new one."""
    source = read_settings().database_url
    target = _database(to)
    from bot.moving import copy_all

    print(f"{do(copy_all(source, target))} rows copied.")


@pack_app.command("check")
def check_pack(folder: Path) -> None:
    """Read a pack and name every fault with its file and line."""
    pack = _read_pack(folder)
    records = pack.records
    leaves = sum(category.leaf for category in records.categories)
    print(f"{pack.id}: {len(records.areas)} areas, {len(records.bodies)} bodies, {leaves} categories. No faults.")
    for year in pack.timetable.years_missed(pack.timetable.calendar.day(time.time())):
        print(f"{folder / 'calendar.toml'} has nothing declared for {year}: such days count as working days.")


@pack_app.command("load")
def load_pack(folder: Path) -> None:
    """Make a pack the one that this deployment serves. A running server reads it at its next start."""
    from storage.database import Database, migrate
    from storage.packs import save_pack

    pack = _read_pack(folder)
    settings = read_settings()

    async def load() -> bool:
        await migrate(settings.database_url)
        database = Database(settings.database_url)
        try:
            async with database.write() as connection:
                return await save_pack(connection, pack.id, pack.to_json(), time.time())
        finally:
            await database.close()

    changed = do(load())
    print(f"{pack.id} is loaded; restart the server to serve it." if changed else f"{pack.id} was loaded already.")


# A latitude of the south begins with a hyphen, and is no option.
@app.command(context_settings={"ignore_unknown_options": True})
def route(
    lat: Annotated[float, typer.Argument(help="Latitude in degrees, negative in the south.")],
    lon: Annotated[float, typer.Argument(help="Longitude in degrees, negative in the west.")],
    category: Annotated[list[str] | None, typer.Argument(help="A category's id, or what a citizen would say.")] = None,
) -> None:
    """Explain who answers for a place and a category, step by step."""
    from bot.logs import set_up_logs
    from bot.operations import explain_route

    if abs(lat) > 90 or abs(lon) > 180:
        fail(f"{lat} {lon} is no latitude and longitude")
    settings = read_settings()
    set_up_logs("error", settings.log_format)
    for line in do(explain_route(settings, lat, lon, " ".join(category or []))):
        print(line)


@twilio_app.command("urls")
def show_twilio_urls() -> None:
    """Print what to paste into Twilio's console; an SMS number or messaging service is told by itself at the start."""
    from bot.registration import pasted_urls

    settings = read_settings()
    if not settings.twilio_account_sid:
        fail("BALDOSA_TWILIO_ACCOUNT_SID is not set: Twilio is switched off")
    senders = {"sms": settings.twilio_sms_from, "whatsapp": settings.twilio_whatsapp_from}
    for name, url in pasted_urls(settings.public_url, [way for way, sender in senders.items() if sender]):
        print(f"{name}\n  {url}")


def _read_pack(folder: Path) -> Any:
    from routing.faults import PackError
    from routing.pack import read_pack

    try:
        return read_pack(folder)
    except PackError as error:
        fail("\n".join(str(fault) for fault in error.faults))


def _database(url: str) -> str:
    try:
        return Settings(database_url=url).database_url
    except ValueError:
        fail(f"{url.partition('://')[0]}: a database begins with sqlite:/// or postgresql://")


for commands in (sending_commands, figure_commands, care_commands):
    commands.add_to(app)


if __name__ == "__main__":
    app()
