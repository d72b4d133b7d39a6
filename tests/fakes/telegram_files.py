"""The files on the fake Telegram."""

from __future__ import annotations

import itertools
from typing import Any

Card = dict[str, Any]


class Files:
    """Every file sent, by file_id, and the links given to them by getFile.

    With `claimed_size` getFile tells that size whatever the file's own; without `links_live` links are dead at once.
    """

    claimed_size: int | None = None
    links_live = True

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def expire_links(self) -> None:
        """Let every link given so far be too old."""
        self._links.clear()

    def get(self, file_id: str) -> bytes | None:
        """The file with this id."""
        return self._kept.get(file_id)

    def at(self, path: str) -> bytes | None:
        """The file behind a link."""
        return self._kept.get(self._links.get(path, "")) if self.links_live else None

    def link(self, file_id: str) -> str:
        """A new link to a file."""
        path = f"files/file_{next(self._numbers)}.bin"
        self._links[path] = file_id
        return path

    def stored(self, data: bytes) -> Card:
        """Keep a file; return what the Bot API tells of it."""
        file_id = f"AgACAgE{next(self._numbers):06d}"
        self._kept[file_id] = data
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(data)}

    def photo(self, data: bytes) -> Card:
        """A photo message's part: three sizes, of which only the largest is the picture itself."""
        small = [
            self.stored(b"tiny") | {"width": 90, "height": 67},
            self.stored(b"small") | {"width": 320, "height": 240},
        ]
        return {"photo": [*small, self.stored(data) | {"width": 1280, "height": 960}]}

    def played(self, kind: str, data: bytes, mime: str, seconds: int) -> Card:
        """A video's or voice message's part."""
        size = {"width": 640, "height": 480} if kind == "video" else {}
        return {kind: self.stored(data) | size | {"duration": seconds, "mime_type": mime}}

    def document(self, data: bytes, mime: str, name: str) -> Card:
        """A document message's part."""
        return {"document": self.stored(data) | {"mime_type": mime, "file_name": name}}

    def carried(self, message: Card) -> bytes:
        """The file in a message."""
        parts = [
            *message.get("photo", []),
            *(message[kind] for kind in ("video", "voice", "document") if kind in message),
        ]
        return self._kept[parts[-1]["file_id"]] if parts else b""
