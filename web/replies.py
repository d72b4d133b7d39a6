"""Pages as answers: a template, the visitor's language, and what every page needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from locales import LANGUAGES, catalog
from web.parts import PARTS
from web.words import for_scripts, language_of, remember

if TYPE_CHECKING:
    from web.rooms import Rooms

# What a page says for a status; any other is said as a fault of ours.
KNOWN = (404, 503)


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """Render a template in the visitor's language; pages are never kept by a browser or a proxy."""
    parts = request.app[PARTS]
    language = language_of(request)
    html = parts.templates.get_template(template).render(
        say=catalog(language).text,
        language=language,
        languages=LANGUAGES,
        path=request.path,
        static=parts.statics.url,
        **values,
    )
    response = web.Response(text=html, content_type="text/html", status=status)
    response.headers["Cache-Control"] = "no-store"
    remember(request, response)
    return response


def plain_page(request: web.Request, status: int) -> web.Response:
    """A page with a sentence: there is nothing here, or something of ours went wrong."""
    return page(request, "plain.html", status=status, subject=str(status if status in KNOWN else 500))


def settings_for_scripts(rooms: Rooms, language: str, **values: Any) -> str:
    """What a page's scripts are told, as JSON that is safe inside a <script> element."""
    told = {
        "language": language,
        "words": for_scripts(language),
        "tiles": rooms.tiles,
        "tilesCredit": rooms.tiles_credit,
        **values,
    }
    return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
