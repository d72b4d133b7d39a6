"""A link that opens a mail program with a letter."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from handlers.letters import MOST_SAID

# What every browser and mail program takes: Outlook and Windows end at about 2000 characters.
MOST_LINK = 1900
# Of her words, until the letter fits.
SAID_IN_LINK = (MOST_SAID, 160, 60, 0)


def mail_link(mail: str, subject: str, write: Callable[[int], str]) -> str:
    """A link that opens a mail program with the letter (RFC 6068), never longer than MOST_LINK.

    `write` makes the letter with so many characters of her words: where it is too long for a link it has fewer.
    """
    for most in SAID_IN_LINK:
        # RFC 6068, section 5: line breaks are %0D%0A.
        text = write(most).replace("\n", "\r\n")
        link = f"mailto:{quote(mail, safe='@')}?subject={quote(subject, safe='')}&body={quote(text, safe='')}"
        if len(link) <= MOST_LINK:
            return link
    return f"mailto:{quote(mail, safe='@')}?subject={quote(subject, safe='')}"
