"""The pages' own words: which language a visitor reads, and the part of it that the scripts need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locales import DEFAULT, LANGUAGES, catalog

if TYPE_CHECKING:
    from aiohttp import web

COOKIE = "baldosa_language"
# Messages for the scripts keep their {placeholders}; these are all that may stand in them.
_PLACEHOLDERS = {name: f"{{{name}}}" for name in ("n", "name", "size", "most", "lat", "lon")}
_FOR_SCRIPTS = "web-chat-"


def language_of(request: web.Request) -> str:
    """The language chosen by the switch (?lang=pt, then a cookie), else the browser's favourite among ours."""
    chosen = request.query.get("lang") or request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else best_language(request.headers.get("Accept-Language", ""))


def best_language(accepted: str) -> str:
    """The language of ours that an Accept-Language header likes best; the default when it likes none."""
    liked: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, quality = part.partition(";")
        code = tag.strip().split("-")[0].lower()
        if code in LANGUAGES:
            liked.append((_quality(quality), code))
    best = max(liked, key=lambda pair: pair[0], default=(0.0, DEFAULT))
    return best[1] if best[0] > 0 else DEFAULT


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Keep the language that the switch has just chosen."""
    if request.query.get("lang") in LANGUAGES:
        response.set_cookie(COOKIE, request.query["lang"], max_age=365 * 24 * 3600, samesite="Lax", httponly=True)


def for_scripts(language: str) -> dict[str, str]:
    """Every message that the scripts say, by its name without the prefix."""
    words = catalog(language)
    names = [key for context, key in sorted(words.keys()) if not context and key.startswith(_FOR_SCRIPTS)]
    return {name.removeprefix(_FOR_SCRIPTS): words.text(name, **_PLACEHOLDERS) for name in names}
