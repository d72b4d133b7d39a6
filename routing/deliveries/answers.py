"""Answers to letters, as they come in by mail: whose ticket they are for, what is new in them, and what is none.

Mail is what anybody may write: nothing here raises on account of it, and everything is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser
from typing import Literal

from msgspec import Struct

from locales import LANGUAGES, catalog, fold
from routing.deliveries.answering import Tag, read_tags

MOST_WORDS = 4000
MOST_PHOTOS = 4
MOST_PHOTO_BYTES = 8 * 1024 * 1024
# Parts and headers beyond these are nobody's answer.
MOST_PARTS = 60
MOST_TEXT = 200_000

# Who a letter was for, in the order of trust: what the server noted is surer than what the writer claims.
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_REFERENCES = ("In-Reply-To", "References")
# RFC 3834, section 2; and what mail programs did before it.
_ROBOTS = ("mailer-daemon", "postmaster", "no-reply", "noreply", "bounce")
_BULK = ("bulk", "junk", "list", "auto_reply", "auto-reply")
_ROBOT_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "List-Id")

# What stands above the letter that is answered, as mail programs write it in our languages.
_ABOVE = (
    r"-{2,}\s*(original message|mensaje original|mensagem original|forwarded message|mensaje reenviado)\s*-{2,}",
    r"_{10,}",
    r"(on|el|em|no dia)\b.{0,200}\b(wrote|escribió|escribio|escreveu)\s*:?",
    r"(from|de)\s*:.{0,200}@.{0,200}",
)
_QUOTE = re.compile("|".join(f"(?:{each})" for each in _ABOVE), re.IGNORECASE)
_OPENS_QUOTE = re.compile(r"(on|el|em|no dia)\b.{0,200}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[\w.-]{1,200}")

Kind = Literal["answer", "robot", "bounce"]


class File(Struct, frozen=True):
    """A picture that came with an answer: its bytes, not looked at yet."""

    data: bytes


class Answer(Struct, frozen=True):
    """One mail. `id` is what makes it the same mail again; `tags` are what it may be an answer to, the surest first.

    `kind` "robot" is an automatic answer, "bounce" says that a letter could not be delivered (`words` tell why).
    `status` is the ticket's status that the first line names, "" for none; `too_large` that a file was left out.
    """

    id: str
    kind: Kind
    tags: tuple[Tag, ...]
    words: str = ""
    status: str = ""
    photos: tuple[File, ...] = ()
    too_large: bool = False


def read_answer(raw: bytes) -> Answer:
    """The answer that a mail holds; cut off mails are read as far as they go."""
    mail = message_from_bytes(raw, policy=policy.default)
    parts = [part for part, _ in zip(mail.walk(), range(MOST_PARTS), strict=False)]
    kind = _kind(mail)
    addresses, references = _headers(mail, _TO), _headers(mail, _REFERENCES)
    number = _header(mail, "Message-ID")[:190]
    if kind == "bounce":
        # A delivery status is no text to the parser; as it stands it is one.
        told = raw[:MOST_TEXT].decode("utf-8", "replace")
        return Answer(number, kind, tuple(read_tags([], [*references, told])), _reason(told))
    tags = tuple(read_tags(addresses, references))
    if kind == "robot":
        return Answer(number, kind, tags)
    status, words = split_status(cut_quote(_words(parts)))
    photos, too_large = _photos(parts)
    return Answer(number, kind, tags, words[:MOST_WORDS], status, photos, too_large)


def cut_quote(text: str) -> str:
    """What is new in an answer: without the letter it answers, without the signature."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        bare = line.strip().lstrip(">").strip()
        if _is_marker(bare) or line.rstrip("\n") in ("-- ", "--") or _is_above(lines, number):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def split_status(words: str) -> tuple[str, str]:
    """(status, the rest) of an answer whose first line is nothing but a status, in any language; ("", words) else."""
    first, _, rest = words.partition("\n")
    folded = fold(first)
    for language in LANGUAGES:
        if status := catalog(language).statuses.get(folded):
            return status, rest.strip()
    return "", words


def _is_marker(line: str) -> bool:
    """True for the line of ours that every letter begins with."""
    return any(catalog(language).text("letter-marker") in line for language in LANGUAGES)


def _is_above(lines: list[str], number: int) -> bool:
    """True for a line that introduces the quoted letter; mail programs break it where it gets long."""
    line = lines[number].strip()
    if len(line) > 400:
        return False
    if _QUOTE.fullmatch(line):
        return True
    if not _OPENS_QUOTE.fullmatch(line) or not _ADDRESS.search(line + " ".join(lines[number + 1 : number + 3])):
        return False
    return any(_QUOTE.fullmatch(f"{line} {' '.join(map(str.strip, lines[number + 1 : to]))}") for to in
               (number + 2, number + 3))  # fmt: skip


def _kind(mail: EmailMessage) -> Kind:
    who = parseaddr(_header(mail, "From"))[1].lower()
    empty_path = _header(mail, "Return-Path").strip() == "<>"
    report = mail.get_content_type() == "multipart/report"
    if report or (empty_path and who.startswith(_ROBOTS[:2])) or who.startswith("mailer-daemon"):
        return "bounce"
    automatic = _header(mail, "Auto-Submitted").lower().partition(";")[0].strip() not in ("", "no")
    bulk = _header(mail, "Precedence").lower().strip() in _BULK
    told = any(_header(mail, name) for name in _ROBOT_HEADERS)
    return "robot" if automatic or bulk or told or empty_path or who.startswith(_ROBOTS) else "answer"


def _header(mail: EmailMessage, name: str) -> str:
    """A header as text; a broken one is read as it stands, or not at all."""
    try:
        return str(mail.get(name, ""))[:2000]
    except Exception:  # the parser of headers meets whatever anybody wrote, and raises a dozen kinds of errors
        return ""


def _headers(mail: EmailMessage, names: tuple[str, ...]) -> list[str]:
    found = [_header(mail, name) for name in names]
    return [address for _, address in getaddresses(found[:3])] + found


def _words(parts: list[EmailMessage]) -> str:
    """The text of a mail: the plain one, or what its HTML says."""
    texts = [part for part in parts if part.get_content_maintype() == "text" and not _is_attached(part)]
    plain = [_text_of(part) for part in texts if part.get_content_subtype() == "plain"]
    if any(each.strip() for each in plain):
        return "\n".join(plain)
    return "\n".join(_without_tags(_text_of(part)) for part in texts if part.get_content_subtype() == "html")


def _text_of(part: EmailMessage) -> str:
    try:
        content = part.get_content()
    except Exception:  # unknown charsets, broken encodings, a part that is cut off
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())
    if isinstance(content, EmailMessage):
        content = content.as_string()
    return str(content)[:MOST_TEXT] if isinstance(content, str) else ""


def _is_attached(part: EmailMessage) -> bool:
    return str(part.get("Content-Disposition", "")).lower().startswith("attachment")


def _photos(parts: list[EmailMessage]) -> tuple[tuple[File, ...], bool]:
    """The pictures of a mail, and whether some were left out for their size or number."""
    pictures = list(_pictures(parts))
    fit = [each for each in pictures if len(each) <= MOST_PHOTO_BYTES]
    return tuple(map(File, fit[:MOST_PHOTOS])), len(fit) < len(pictures) or len(fit) > MOST_PHOTOS


def _pictures(parts: list[EmailMessage]) -> Iterator[bytes]:
    for part in parts:
        # What the letter itself showed comes back with many answers, under the name that we gave it.
        ours = "@baldosa" in str(part.get("Content-ID", ""))
        if part.get_content_maintype() == "image" and not ours:
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data:
                yield data


def _reason(told: str) -> str:
    """Why a letter could not be delivered, as the mail server says it (RFC 3464)."""
    found = re.search(r"^diagnostic-code:\s*(.{1,200})", told, re.IGNORECASE | re.MULTILINE)
    status = re.search(r"^status:\s*([245]\.\d{1,3}\.\d{1,3})", told, re.IGNORECASE | re.MULTILINE)
    return " ".join(each[1].strip() for each in (status, found) if each) or "no reason given"


def _without_tags(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text


class _Reader(HTMLParser):
    """What an HTML mail says, without what it quotes."""

    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3"})
    _SILENT = frozenset({"style", "script", "head", "title", "blockquote"})
    _VOID = frozenset({"br", "img", "hr", "meta", "link", "input", "col", "wbr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._said: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def text(self) -> str:
        """What was read so far."""
        lines = "".join(self._said).replace("\xa0", " ").split("\n")
        return "\n".join(" ".join(line.split()) for line in lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where one begins; be silent in what is quoted."""
        if tag in self._BREAKS:
            self._said.append("\n")
        if tag not in self._VOID and len(self._open) < 500:
            quoted = any(name in ("class", "id") and value and "quote" in value.lower() for name, value in attrs)
            self._open.append((tag, tag in self._SILENT or quoted))

    def handle_endtag(self, tag: str) -> None:
        """End what was opened last under this name, and what was never closed inside."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                break
        if tag in self._BREAKS:
            self._said.append("\n")

    def handle_data(self, data: str) -> None:
        """Hear what is not quoted."""
        if not any(silent for _, silent in self._open):
            self._said.append(re.sub(r"\s+", " ", data))
