"""The command line: `python -m benchmarks` runs everything, `areas`, `intake`, `drain` and so on one of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import areas as areas_benchmark
from benchmarks import drain as drain_benchmark
from benchmarks import intake as intake_benchmark
from benchmarks import nearby as nearby_benchmark
from benchmarks import webhook as webhook_benchmark
from bot.logs import set_up_logs

app = typer.Typer(help="How fast the bot is, beside a named peer in the same run.", add_completion=False)
SIZES = (2000, 20_000)
IN_FLIGHT = (1, 50)


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Run all of them in small, in about three minutes."""
    set_up_logs("warning", "console")
    if context.invoked_subcommand is None:
        intake_benchmark.intake(SIZES, walkers=500, rounds=5, names=intake_benchmark.USUAL)
        asyncio.run(drain_benchmark.drain(chats=1000, rounds=3))
        areas_benchmark.areas([], points=2000, rounds=2, names=list(areas_benchmark.SIDES))
        webhook_benchmark.webhook(chats=500, walkers=200, rounds=3, in_flight=IN_FLIGHT)
        asyncio.run(nearby_benchmark.nearby_tickets((10_000, 100_000), searches=500, postgres=False))


@app.command()
def areas(
    files: Annotated[list[Path] | None, typer.Argument(help="GeoJSON of areas; made ones without it.")] = None,
    points: Annotated[int, typer.Option(help="How many positions are looked up.")] = 5000,
    rounds: Annotated[int, typer.Option(help="How many times; in the first everything is cold.")] = 3,
    side: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(areas_benchmark.SIDES)}.")] = None,
) -> None:
    """Measure which areas hold a position, beside bare shapely, reverse_geocode and PostGIS."""
    if not areas_benchmark.areas(files or [], points, rounds, side or list(areas_benchmark.SIDES)):
        raise typer.Exit(1)


@app.command()
def intake(
    chats: Annotated[list[int] | None, typer.Option(help="How many chats there are; give it again for more.")] = None,
    walkers: Annotated[int, typer.Option(help="How many of them at most go on to their ticket.")] = 2000,
    rounds: Annotated[int, typer.Option(help="In how many turns each wave of messages is cut.")] = 5,
    side: Annotated[list[str] | None, typer.Option(help=f"Only these: {', '.join(intake_benchmark.ENTRIES)}.")] = None,
) -> None:
    """Measure messages per second of the whole way in, beside python-telegram-bot's Application."""
    intake_benchmark.intake(chats or SIZES, walkers, rounds, side or list(intake_benchmark.ENTRIES))


@app.command()
def drain(chats: int = 1000, rounds: int = 3) -> None:
    """Measure messages per second out of the outbox, beside sending from memory."""
    asyncio.run(drain_benchmark.drain(chats, rounds))


@app.command()
def webhook(
    chats: int = 2000,
    walkers: Annotated[int, typer.Option(help="How many of them at most go on to their ticket.")] = 500,
    rounds: int = 5,
    in_flight: Annotated[list[int] | None, typer.Option(help="Webhooks at a time; give it again for more.")] = None,
) -> None:
    """Measure what a signed webhook costs, beside the bare RequestValidator and one commit."""
    webhook_benchmark.webhook(chats, walkers, rounds, in_flight or list(IN_FLIGHT))


@app.command()
def nearby(
    tickets: Annotated[list[int] | None, typer.Option(help="How many there are; give it again for more.")] = None,
    searches: int = 500,
    postgres: Annotated[bool, typer.Option(help="On a real PostgreSQL too.")] = True,
) -> None:
    """Measure what a search for open tickets nearby costs, beside reading one ticket by its key."""
    asyncio.run(nearby_benchmark.nearby_tickets(tickets or (10_000, 100_000), searches, postgres=postgres))


if __name__ == "__main__":
    app()
