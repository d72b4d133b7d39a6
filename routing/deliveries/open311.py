"""Open311 GeoReport v2, the client's side: what is posted, and what answers mean. wiki.open311.org/GeoReport_v2

Updates are mySociety's extension (servicerequestupdates).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from locales import catalog
from routing.deliveries.reading import Item, read_items, text, texts
from routing.deliveries.report import Receipt, Report, UndeliveredError, UnknownServiceError, read_w3c, w3c
from routing.deliveries.statuses import said
from routing.ways import Open311Way

Form = list[tuple[str, str]]

# GeoReport v2: description is at most 4,000 characters, without HTML.
MOST_WORDS = 4000
# About ten centimetres.
DECIMALS = 6
ELSE = "*"


class Update(Struct, frozen=True):
    """Something that the far side tells of a request, under its own ids; `at` by its own clock, in Unix seconds."""

    remote_id: str
    update_id: str
    status: str
    at: float
    words: str
    media: tuple[str, ...] = ()


def service_code(way: Open311Way, category: str, group: str) -> str:
    """What the far side calls a category of ours, "" when it has nothing for it."""
    return way.services.get(category) or way.services.get(group) or way.services.get(ELSE, "")


def source_of(way: Open311Way) -> str:
    """The name under which a far side's updates are remembered: bodies may share a server."""
    return f"{way.endpoint}#{way.jurisdiction}"[:120]


def url_of(way: Open311Way, path: str) -> str:
    """The address of a resource: "requests", "tokens/12"."""
    return f"{way.endpoint.rstrip('/')}/{path}.{way.format}"


def request_form(report: Report, way: Open311Way, key: str) -> Form:
    """The fields of POST requests; raises UnknownServiceError when it has no service for the category."""
    code = service_code(way, report.category, report.group)
    if not code:
        raise UnknownServiceError(f"no service_code for the category {report.category}: add it to the pack")
    form = [*_who(way, key), ("service_code", code), ("description", _describe(report)), *way.fields.items()]
    if report.lat is not None and report.lon is not None:
        form += [("lat", f"{report.lat:.{DECIMALS}f}"), ("long", f"{report.lon:.{DECIMALS}f}")]
    if report.where:
        form.append(("address_string", report.where))
    return form + _media(report)


def update_form(report: Report, way: Open311Way, key: str, remote_id: str) -> Form:
    """The fields of POST servicerequestupdates for the report's step."""
    step = report.step
    if step is None:
        raise ValueError("a report without a step is no update")
    words = step.words or catalog(report.language).text(f"status-{report.status}")
    return [
        *_who(way, key),
        ("service_request_id", remote_id),
        ("update_id", update_id(report)),
        ("status", said(report.status, extended=way.extended)),
        ("updated_datetime", w3c(step.at)),
        ("description", words[:MOST_WORDS]),
        *way.fields.items(),
        *_media(report),
    ]


def update_id(report: Report) -> str:
    """Our id of a step."""
    return f"{report.code}-{report.seq}"


def ask(way: Open311Way, key: str = "", **query: str) -> Form:
    """The query of a GET; an empty value counts as absent."""
    return [*_who(way, key), *((name, value) for name, value in query.items() if value)]


def read_receipt(status: int, body: bytes) -> Receipt:
    """What a POST of a request was answered; raises UndeliveredError with what the server says is wrong."""
    require_ok(status, body)
    for item in read_items(body, "request"):
        if number := text(item, "service_request_id"):
            return Receipt("accepted", number)
        if token := text(item, "token"):
            return Receipt("sent", token=token)
    raise UndeliveredError("its answer has neither a service_request_id nor a token")


def read_token(body: bytes, token: str) -> str:
    """The service_request_id that a token has become, "" while it has not."""
    for item in read_items(body, "request"):
        if text(item, "token") in ("", token) and (number := text(item, "service_request_id")):
            return number
    return ""


def read_update_id(status: int, body: bytes) -> str:
    """The far side's id of an update that we posted, "" when it gave a token or none."""
    require_ok(status, body)
    return next((text(item, "update_id") for item in read_items(body, "request_update")), "")


def read_updates(body: bytes) -> list[Update]:
    """What servicerequestupdates tells; entries without an id or a readable time are left out."""
    found = []
    for item in read_items(body, "request_update"):
        number, remote, at = text(item, "update_id"), text(item, "service_request_id"), _time(item)
        if number and remote and at is not None:
            media = tuple(texts(item, "media_url"))
            found.append(Update(remote, number, text(item, "status"), at, text(item, "description"), media))
    return found


def read_status(body: bytes, remote_id: str) -> Update | None:
    """What requests/{id} tells, as an update whose id changes with what it tells; None when it tells nothing of it."""
    for item in read_items(body, "request"):
        if text(item, "service_request_id") == remote_id:
            status, words, at = text(item, "status").lower(), text(item, "status_notes"), _time(item)
            told = f"{remote_id}:{status}:{text(item, 'updated_datetime')}"
            return Update(remote_id, told[:200], status, at or 0.0, words)
    return None


def find_ours(body: bytes, report: Report) -> str:
    """The id of the request that a list holds of our ticket, known by its number in the description; "" for none."""
    for item in read_items(body, "request"):
        if marked(report.shown) in text(item, "description") and (number := text(item, "service_request_id")):
            return number
    return ""


def marked(shown: str) -> str:
    """How a description names our ticket."""
    return f"[{shown}]"


def require_ok(status: int, body: bytes) -> None:
    """Raise UndeliveredError with what the server says is wrong, unless it says that all is well."""
    errors = "; ".join(_errors(body))[:200]
    if not 200 <= status < 300:
        raise UndeliveredError(f"the server answers {status}", errors)
    if errors:
        raise UndeliveredError("the server tells of an error", errors)


def _errors(body: bytes) -> list[str]:
    """The errors of an answer: a list of codes with descriptions, or whatever the server made of that."""
    try:
        items = read_items(body, "error")
    except UndeliveredError:
        return []
    # In JSON only its fields tell an error from anything else.
    errors = [item for item in items if "code" in item and not {"service_request_id", "update_id", "token"} & set(item)]
    return [f"{text(item, 'code')} {text(item, 'description')}".strip() for item in errors]


def _who(way: Open311Way, key: str) -> Form:
    who = [("jurisdiction_id", way.jurisdiction), ("api_key", key)]
    return [(name, value) for name, value in who if value]


def _describe(report: Report) -> str:
    """The words, whatever the form has no field for, and at the end what names our ticket."""
    end = "\n\n".join(part for part in (report.url, marked(report.shown)) if part)
    joined = catalog(report.language).plural("supporters", report.joined) if report.joined else ""
    parts = _without_markup(part for part in (report.category_name, report.words, joined) if part)
    return f"{parts[: MOST_WORDS - len(end) - 2]}\n\n{end}"


def _without_markup(parts: Iterable[str]) -> str:
    return "\n\n".join(parts).replace("<", "‹").replace(">", "›")


def _media(report: Report) -> Form:
    return [("media_url", photo.url) for photo in report.shown_photos if photo.url]


def _time(item: Item) -> float | None:
    return read_w3c(text(item, "updated_datetime"))
