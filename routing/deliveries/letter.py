"""The letter to a body: text and HTML in its language, photos inside, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from msgspec import Struct

from locales import Catalog, catalog
from routing.deliveries.answering import message_id, reply_address
from routing.deliveries.report import Photo, Report
from routing.ways import EmailWay

LETTERS = Path(__file__).with_name("letters")
# What may stand in the first line of an answer, in the order of work.
ANSWERABLE = ("acknowledged", "planned", "in_progress", "resolved")
LONGEST_SUBJECT = 120


class Sender(Struct, frozen=True):
    """Who letters are from: `mail_from` may have a name, answers go to `reply_to`, "" where nobody reads them.

    `secret` signs what answers are known by; `tagged` says that the mail server takes answers+anything@ for answers@.
    """

    mail_from: str
    reply_to: str
    secret: str
    tagged: bool


def write_letter(report: Report, way: EmailWay, sender: Sender, first: str = "") -> EmailMessage:
    """The letter that tells a report, or a step of the one that was told by the letter with the Message-ID `first`."""
    words = catalog(report.language)
    values = _values(report, words) | _invitation(words, sender)
    letter = EmailMessage(policy=SMTP)
    for name, value in _headers(report, way, sender, values["subject"], first).items():
        letter[name] = value
    pictures = [_Picture(photo, number, report) for number, photo in enumerate(report.shown_photos, 1) if photo.data]
    letter.set_content(_render("letter.txt", values))
    letter.add_alternative(_render("letter.html", values | {"pictures": pictures}), subtype="html")
    html = letter.get_payload()[1]  # type: ignore[index]
    for picture in pictures:
        maintype, _, subtype = picture.photo.mime.partition("/")
        html.add_related(  # type: ignore[union-attr]
            picture.photo.data,
            maintype,
            subtype,
            cid=f"<{picture.cid}>",
            filename=f"{report.shown}-{picture.number}.jpg",
            disposition="inline",
        )
    return letter


class _Picture:
    """A photo inside the letter."""

    width = 600

    def __init__(self, photo: Photo, number: int, report: Report) -> None:
        self.photo = photo
        self.number = number
        self.cid = f"{report.code.lower()}-{report.seq}-{number}@baldosa"
        self.alt = f"{report.shown} {number}"


def _headers(report: Report, way: EmailWay, sender: Sender, subject: str, first: str) -> dict[str, Any]:
    name, address = parseaddr(sender.mail_from)
    local, _, domain = address.rpartition("@")
    body, code = report.body.id, report.code
    answers = sender.reply_to
    if answers and sender.tagged:
        answers = reply_address(answers, sender.secret, code, body)
    headers: dict[str, Any] = {
        "From": Address(name or report.city, local, domain),
        "To": ", ".join(way.to),
        "Subject": subject,
        "Message-ID": message_id(address, sender.secret, code, body, report.seq),
        # RFC 3834: nobody's holiday notice answers this.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    if answers:
        headers["Reply-To"] = answers
    if first:
        headers |= {"In-Reply-To": first, "References": first}
    return headers


def _values(report: Report, words: Catalog) -> dict[str, Any]:
    """What the letter says, in the body's language."""
    step, name = report.step, report.body.name(report.language)
    status = _status(words, report.status)
    about = {"code": report.shown, "category": report.category_name, "body": name, "where": report.where}
    photos = report.shown_photos
    urls = [photo.url for photo in photos if photo.url and not photo.data]
    return {
        "language": report.language,
        "subject": _one_line(words.text("letter-subject-update" if step else "letter-subject", **about)),
        "opening": _opening(report, words, status, about),
        "facts": _facts(report, words, status),
        "words": step.words if step else report.words,
        "photos_line": words.plural("letter-photos", len(photos)) if photos else "",
        "photo_urls": urls,
        "map_url": _map_url(report),
        "map_label": words.text("letter-map"),
        "page_url": report.url,
        "page_label": words.text("letter-page"),
        "signature": words.text("letter-signature", city=report.city),
    }


def _invitation(words: Catalog, sender: Sender) -> dict[str, str]:
    """How to answer, where answers are read."""
    if not sender.reply_to:
        return {"marker": "", "how_to_answer": words.text("letter-not-read"), "statuses": ""}
    names = ", ".join(f"«{words.text(f'status-{each}')}»" for each in ANSWERABLE)
    return {
        "marker": words.text("letter-marker"),
        "how_to_answer": words.text("letter-how-to-answer"),
        "statuses": words.text("letter-statuses", names=names),
    }


def _opening(report: Report, words: Catalog, status: str, about: Mapping[str, str]) -> str:
    step = report.step
    if step is None:
        return words.text("letter-opening", **about)
    if step.actor == "citizen" and step.status in ("reopened", "confirmed", "withdrawn"):
        key = {
            "reopened": "letter-reopened",
            "confirmed": "letter-confirmed",
            "withdrawn": "letter-withdrawn",
        }[step.status]
        return words.text(key, **about)
    key = "letter-citizen-says" if step.actor == "citizen" else "letter-moved"
    return words.text(key, status=status, **about)


def _facts(report: Report, words: Catalog, status: str) -> list[tuple[str, str]]:
    opened = datetime.fromtimestamp(report.opened, ZoneInfo(report.timezone))
    facts = [
        (words.text("letter-code"), report.shown),
        (words.text("letter-category"), report.category_name),
        (words.text("letter-where"), report.where),
        (words.text("letter-opened"), f"{opened:%d/%m/%Y %H:%M}"),
        (words.text("letter-status"), status),
        (words.text("letter-joined"), words.plural("supporters", report.joined) if report.joined else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _status(words: Catalog, status: str) -> str:
    """The word for a status; the one that speaks to the citizen is turned round."""
    if status == "waiting_citizen":
        return words.text("status-waiting_citizen-for-officials")
    return words.text(f"status-{status}")


def _map_url(report: Report) -> str:
    if report.lat is None or report.lon is None:
        return ""
    at = f"{report.lat:.6f}", f"{report.lon:.6f}"
    return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=18/{at[0]}/{at[1]}"


def _one_line(text: str) -> str:
    """What a header takes: no line ends, and not much."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _render(name: str, values: Mapping[str, Any]) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(LETTERS),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=False,
    )
