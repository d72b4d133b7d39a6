"""The command line, `python -m bot areas`: boundaries imported beside the pack's own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot.console import do, read_settings

app = typer.Typer(help="Boundaries imported beside the pack's own.", no_args_is_help=True)


@app.command("import")
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
    settings = read_settings()
    with _progress() as progress:
        lines = do(import_files(settings, files, names, time.time(), progress, dry=dry_run, prune=prune))
    print("\n".join(lines))


@app.command("list")
def list_areas() -> None:
    """List what is imported, by country and level."""
    from bot.area_import import list_areas

    for count in do(list_areas(read_settings())):
        print(f"{count.country or '-':3} {count.level:20} {count.areas:7,}")


@app.command("remove")
def remove_areas(ids: Annotated[list[str], typer.Argument(help="Ids of imported areas.")]) -> None:
    """Forget imported areas, and tell which tickets lie there."""
    from bot.area_import import remove_areas

    print("\n".join(do(remove_areas(read_settings(), ids, time.time()))))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar in the terminal, on its error output so that what is told can be piped."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total or None)
