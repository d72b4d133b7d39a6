"""The command line, `python -m bot`: run, chat, migrate, copy, pack, areas, officials, twilio, failed and more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import care_commands
from bot.console import do as _do
from bot.console import fail as _fail
from bot.console import read_settings as _settings
from bot.officials import app as officials_app
from bot.settings import Settings

DAY = "%Y-%m-%d"

app = typer.Typer(
    help="Baldosa: citizens report city problems from a chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its traces print local values
)
pack_app = typer.Typer(help="The data of a municipality.", no_args_is_help=True)
areas_app = typer.Typer(help="Boundaries imported beside the pack's own.", no_args_is_help=True)
twilio_app = typer.Typer(help="WhatsApp and SMS.", no_args_is_help=True)
app.add_typer(pack_app, name="pack")
app.add_typer(areas_app, name="areas")
app.add_typer(officials_app, name="officials")
app.add_typer(twilio_app, name="twilio")
care_commands.add_to(app)


@app.command()
def run() -> None:
    """Serve: the web page, the webhooks, the senders. Stops cleanly on Ctrl-C or SIGTERM."""
    settings = _settings()
    from bot.app import App
    from bot.logs import set_up_logs

    set_up_logs(settings.log_level, settings.log_format)

    def announce(url: str) -> None:
        trial = "  two phones to try it with. Ctrl-C stops it." if "official" in settings.phones else ""
        print(f"{url}{trial}", flush=True)

    if not _do(App(settings).serve(announce)):
        _fail("A part of Baldosa failed; the log above says which. Please start it again and report it.")


@app.command()
def chat(language: str = typer.Option("", help="The language to be spoken to in, as a phone would tell it.")) -> None:
    """Talk to Baldosa here, as a citizen; nothing is sent anywhere else."""
    settings = _settings()
    from bot.logs import set_up_logs
    from bot.operations import talk

    set_up_logs("error", settings.log_format)
    with contextlib.suppress(KeyboardInterrupt):
        _do(talk(settings, language, print))


@app.command()
def migrate() -> None:
    """Bring the database's schema to the newest version."""
    settings = _settings()
    from storage.database import migrate

    _do(migrate(settings.database_url))
    print("The database is up to date.")


@app.command()
def copy(
    to: str = typer.Argument(help="The empty database to copy into, such as postgresql://user@host/name."),
) -> None:
    """Copy everything into another database; stop the server first, then set BALDOSA_DATABASE_URL to the new one."""
    source = _settings().database_url
    target = _database(to)
    from bot.moving import copy_all

    print(f"{_do(copy_all(source, target))} rows copied.")


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
    settings = _settings()

    async def load() -> bool:
        await migrate(settings.database_url)
        database = Database(settings.database_url)
        try:
            async with database.write() as connection:
                return await save_pack(connection, pack.id, pack.to_json(), time.time())
        finally:
            await database.close()

    changed = _do(load())
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
        _fail(f"{lat} {lon} is no latitude and longitude")
    settings = _settings()
    set_up_logs("error", settings.log_format)
    for line in _do(explain_route(settings, lat, lon, " ".join(category or []))):
        print(line)


@areas_app.command("import")
def import_areas(
    files: Annotated[list[Path], typer.Argument(help="GeoJSON, whole or a feature a line, plain or gzip.")],
    country: Annotated[str, typer.Option(help="Two letters, for features that name none.")] = "",
    level: Annotated[str, typer.Option(help="Such as municipality, for features that name none.")] = "",
    id_from: Annotated[list[str] | None, typer.Option(help="The property that is the id.")] = None,
    id_prefix: Annotated[str, typer.Option(help='Stands before ids and parents, such as "AR-".')] = "",
    name_from: Annotated[list[str] | None, typer.Option(help="The property that is the name.")] = None,
    parent_from: Annotated[list[str] | None, typer.Option(help="The property that is the id of the parent.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Forget areas of these levels that no file has.")] = False,
) -> None:
    """Import boundaries, and tell what changed. One that was cut off goes on; a running server takes it by itself."""
    from bot.area_import import import_files
    from routing.area_files import Names

    usual = Names()
    names = Names(
        id=tuple(id_from or usual.id),
        name=tuple(name_from or usual.name),
        parent=tuple(parent_from or usual.parent),
        prefix=id_prefix,
        fixed_country=country,
        fixed_level=level,
    )
    settings = _settings()
    with _progress() as progress:
        lines = _do(import_files(settings, files, names, time.time(), progress, dry=dry_run, prune=prune))
    print("\n".join(lines))


@areas_app.command("list")
def list_areas() -> None:
    """List what is imported, by country and level."""
    from bot.area_import import list_areas

    for count in _do(list_areas(_settings())):
        print(f"{count.country or '-':3} {count.level:20} {count.areas:7,}")


@areas_app.command("remove")
def remove_areas(ids: Annotated[list[str], typer.Argument(help="Ids of imported areas.")]) -> None:
    """Forget imported areas, and tell which tickets lie there."""
    from bot.area_import import remove_areas

    print("\n".join(_do(remove_areas(_settings(), ids, time.time()))))


@twilio_app.command("urls")
def show_twilio_urls() -> None:
    """Print what to paste into Twilio's console; an SMS number or messaging service is told by itself at the start."""
    from bot.registration import pasted_urls

    settings = _settings()
    if not settings.twilio_account_sid:
        _fail("BALDOSA_TWILIO_ACCOUNT_SID is not set: Twilio is switched off")
    senders = {"sms": settings.twilio_sms_from, "whatsapp": settings.twilio_whatsapp_from}
    for name, url in pasted_urls(settings.public_url, [way for way, sender in senders.items() if sender]):
        print(f"{name}\n  {url}")


@app.command()
def failed(
    retry: Annotated[bool, typer.Option("--retry", help="Put them back into the queue.")] = False,
    ids: Annotated[list[int] | None, typer.Argument(help="Only these.")] = None,
) -> None:
    """List what could not be sent or is held, and why; with --retry, try again."""
    from bot.operations import list_failed

    rows, again = _do(list_failed(_settings(), ids or [], retry=retry))
    for row in rows:
        told = (str(row.id), row.account, row.kind, row.status, row.error_class, row.error, row.ticket)
        print("  ".join(part for part in told if part))
    held = sum(row.status == "held" for row in rows)
    if held:
        print(f"{held} held until the person writes again; they go by themselves then.")
    if retry:
        print(f"{again} put back into the queue.")
    elif rows[held:]:
        print(f"{len(rows) - held} not delivered. Send them again with: python -m bot failed --retry [ID ...]")
    elif not rows:
        print("Everything was delivered.")


@app.command("deliveries")
def show_deliveries(
    retry: Annotated[bool, typer.Option("--retry", help="Try at once what waits for its next try.")] = False,
) -> None:
    """List what bodies were not brought yet, and why; then the bodies that nobody receives for, by size."""
    from bot.operations import list_deliveries
    from storage.codes import show_code

    troubles, waiting, hurried = _do(list_deliveries(_settings(), retry=retry))
    for each in troubles:
        again = f"again {_moment(each.again)}" if each.again else "not tried again by itself"
        told = (show_code(each.ticket), each.body, each.method, f"{each.tries} tries", again, each.error)
        print("  ".join(told))
    if retry:
        print(f"{hurried} tried at once by the running server.")
    if waiting:
        print("Nobody receives for these. Give them an address in the pack, or invite an official:")
    for body in waiting:
        print(f"  {body.body}  {body.tickets} waiting since {_moment(body.oldest)}")
    if not (troubles or waiting):
        print("Everything was delivered.")


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"  # noqa: DTZ006 - the operator's own clock


@app.command()
def costs(days: Annotated[int, typer.Option(min=1, help="How many days, today among them.")] = 7) -> None:
    """List what was sent through providers that charge for it, by day, channel and body."""
    from bot.operations import list_costs

    rows, today = _do(list_costs(_settings(), days))
    total = sum(row.messages for row in rows), sum(row.segments for row in rows)
    table = [(row.day, row.account, row.body or "-", str(row.messages), str(row.segments)) for row in rows]
    if table:
        _print_table([("day", "channel", "body", "messages", "segments"), *table, ("total", "", "", *map(str, total))])
    else:
        print("Nothing was spent.")
    for body, spent in today.reached().items():
        print(f"{body} has spent {spent} of its {today.ceilings[body]} segments today: what goes to many waits.")


@app.command()
def numbers(
    by: Annotated[str, typer.Option(help="body, category or area; without it, all together.")] = "",
    since: Annotated[datetime | None, typer.Option("--from", formats=[DAY], help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="The last day; usually today.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write everything into this file, for a spreadsheet.")] = None,
) -> None:
    """Measure the work: received, answered, closed, overdue and more, as docs/indicators.md defines them."""
    from bot.figure_table import lines_of, rows_of
    from bot.operations import measure_numbers
    from storage.indicators import GROUPS

    if by not in GROUPS:
        _fail(f"--by must be body, category or area, not {by}")
    first, last = (day.date() if day else None for day in (since, until))
    if first and last and last < first:
        _fail(f"--to {last} is before --from {first}")
    found, zone, name = _do(measure_numbers(_settings(), by, first, last))
    if csv:
        _write_csv(csv, rows_of(found, zone, name))
    else:
        _print_columns(lines_of(found, name))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar in the terminal, on its error output so that what is told can be piped."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total or None)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns of words, then two of numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        print("  ".join([*words, *numbers]))


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    """A column of words, then numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *rest in rows:
        numbers = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *numbers]))


def _write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """With a header; in UTF-8 that spreadsheets recognise."""
    from csv import DictWriter

    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    except OSError as error:
        _fail(f"--csv {path}: {error.strerror}")
    print(f"{path}: {len(rows)} rows.")


def _read_pack(folder: Path) -> Any:
    from routing.faults import PackError
    from routing.pack import read_pack

    try:
        return read_pack(folder)
    except PackError as error:
        _fail("\n".join(str(fault) for fault in error.faults))


def _database(url: str) -> str:
    try:
        return Settings(database_url=url).database_url
    except ValueError:
        _fail(f"{url.partition('://')[0]}: a database begins with sqlite:/// or postgresql://")


if __name__ == "__main__":
    app()
