"""The files that pages load: read once, named by their contents, so that a browser may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "static"
LEAFLET = "js_lib_leaflet/static/js_lib_leaflet"
# Its images are for the markers and the layer switch that we do not use.
LEAFLET_FILES = ("leaflet.js", "leaflet.css")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
A_YEAR = "public, max-age=31536000, immutable"


class Static(NamedTuple):
    """A file ready to be sent, plain and gzipped."""

    body: bytes
    packed: bytes
    mime: str


class Statics:
    """Every served file by its name."""

    def __init__(self, files: dict[str, Static]) -> None:
        self._files = files
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + files[name].body)
        self.version = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Where the page finds the file; raises KeyError for one that is not there."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    def serve(self, request: web.Request) -> web.Response:
        """Answer with a file: for ever under the present version, for this once under an older one."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        current = request.match_info["version"] == self.version
        headers = {"Content-Type": file.mime, "Vary": "Accept-Encoding"}
        headers["Cache-Control"] = A_YEAR if current else "no-cache"
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=file.body, headers=headers)
        return web.Response(body=file.packed, headers={**headers, "Content-Encoding": "gzip"})


def load_statics() -> Statics:
    """Our own files, and Leaflet's out of the package that brings it."""
    return Statics({name: _load(path) for name, path in (*_ours(), *_leaflet())})


def _ours() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in TYPES:
            yield path.relative_to(FOLDER).as_posix(), path


def _leaflet() -> Iterator[tuple[str, Path]]:
    package = distribution("django-js-lib-leaflet")
    for name in LEAFLET_FILES:
        yield f"leaflet/{name}", Path(str(package.locate_file(f"{LEAFLET}/{name}")))


def _load(path: Path) -> Static:
    body = path.read_bytes()
    return Static(body, gzip.compress(body, mtime=0), TYPES[path.suffix])
