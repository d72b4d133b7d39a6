"""Where the bytes of photos, videos and voice notes live: a local folder, memory, or a bucket, behind one API.

A file is stored under the SHA-256 of its content, so storing it again changes nothing and what a name stands for never
changes. What to keep and for how long is the database's business.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from storage.formats import EXTENSIONS

if TYPE_CHECKING:
    from obstore.store import ObjectStore, RetryConfig

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\.(?P<extension>[a-z0-9]+)")
_MIMES = {extension: mime for mime, extension in EXTENSIONS.items()}
_BUCKETS = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
_CHUNK = 256 * 1024
_PROBE = "probe"
_CLOUD_METADATA = "169.254.169.254"  # where obstore asks for credentials on a rented machine, when it has no others

# Patience is the outbox's: here only what bridges a hiccup, instead of obstore's ten tries in three minutes.
_RETRY: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_CHECK_SECONDS = 30.0


class MediaStoreError(Exception):
    """The store cannot be used or does not answer; one line that names the MEDIA_URL and what is wrong."""


class SpanError(ValueError):
    """A span that lies outside of the file; what HTTP calls 416 Range Not Satisfiable."""


@dataclass(frozen=True)
class MediaStream:
    """A kept file on its way out: `chunks` yield the bytes from `start` to before `end` of `size` in all."""

    mime: str
    size: int
    start: int
    end: int
    chunks: AsyncIterator[bytes]


class MediaStore:
    """Keeps files under their SHA-256; what it raises is `MediaStoreError`, or FileNotFoundError for a missing file."""

    def __init__(self, store: ObjectStore, name: str, folder: Path | None = None) -> None:
        self._store = store
        self._name = name
        self._folder = folder

    @classmethod
    def open(cls, url: str, **config: str) -> MediaStore:
        """Open the store that MEDIA_URL names; makes a local folder, but sends nothing yet (see `check`).

        `file:///path` or a plain path; `memory://`; `s3://bucket/prefix?endpoint=...&region=...`; `gs://`; `az://`.
        What the query and `config` leave out, credentials above all, obstore takes from the provider's usual
        environment (AWS_ACCESS_KEY_ID and so on).
        """
        parts = urlsplit(url)
        name = re.sub(r"//[^/@]*@", "//", url.partition("?")[0])
        with _one_line(name):
            if parts.scheme == "memory":
                return cls(MemoryStore(), name)
            if parts.scheme in _BUCKETS:
                return cls(_open_bucket(name, dict(parse_qsl(parts.query)) | config), name)
            if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost") or not parts.path:
                raise ValueError("neither a folder nor file:///, memory://, s3://, gs:// or az://")
            folder = Path(unquote(parts.path) if parts.scheme else url).expanduser().resolve()
            return cls(_open_folder(folder), name, folder)

    async def put(self, data: bytes, mime: str) -> str:
        """Store the bytes and return their key, as often as one likes; on return they would survive a power cut."""
        digest = (await asyncio.to_thread(sha256, data)).hexdigest()
        key = f"{digest[:2]}/{digest[2:]}.{EXTENSIONS.get(mime, 'bin')}"
        with _one_line(self._name):
            await self._create(key, data, mime)
            if self._folder is not None:
                # LocalStore renames a file into place but never syncs it, nor the folders that name it
                await asyncio.to_thread(_sync, self._folder / key, (self._folder / key).parent, self._folder)
        return key

    async def get(self, key: str) -> bytes:
        """Return the whole file; raises FileNotFoundError."""
        with _one_line(self._name, key):
            found = await obstore.get_async(self._store, _checked(key))
            return bytes(await found.bytes_async())

    async def stream(self, key: str, span: tuple[int, int | None] | None = None) -> MediaStream:
        """Open a file for sending it piece by piece, whole or a span (first byte, byte after the last or None).

        Raises FileNotFoundError, and SpanError for a span that begins beyond the end.
        """
        with _one_line(self._name, key):
            span = span and _fit(span, (await obstore.head_async(self._store, _checked(key)))["size"])
            found = await obstore.get_async(self._store, _checked(key), options={"range": span} if span else {})
        start, end = found.range
        return MediaStream(mime_of(key), found.meta["size"], start, end, self._pass_on(found.stream(_CHUNK)))

    async def delete(self, key: str) -> None:
        """Remove a file for good; one that is gone already is no error."""
        with suppress(FileNotFoundError), _one_line(self._name, key):
            await obstore.delete_async(self._store, _checked(key))
            if self._folder is not None:
                await asyncio.to_thread(_sync, (self._folder / key).parent)

    async def check(self) -> None:
        """Write a small file and read it again: a wrong setting shows at the start and not with the first photo."""
        probe = b"This file shows that the store can be written and read."
        with _one_line(self._name):
            async with asyncio.timeout(_CHECK_SECONDS):
                await obstore.put_async(self._store, _PROBE, probe)
                with suppress(AlreadyExistsError):
                    await obstore.put_async(self._store, _PROBE, probe, mode="create")  # as every file is put
                found = await obstore.get_async(self._store, _PROBE)
                if bytes(await found.bytes_async()) != probe:
                    raise ValueError("what was written is not what is read")

    async def _create(self, key: str, data: bytes, mime: str) -> None:
        # LocalStore knows no attributes; a bucket that serves files itself should call them what they are
        described: Mapping[str, Any] = {"attributes": {"Content-Type": mime}} if self._folder is None else {}
        try:
            await obstore.put_async(self._store, key, data, mode="create", **described)
        except AlreadyExistsError:
            if self._folder is not None and not await asyncio.to_thread(_holds, self._folder / key, data):
                await obstore.put_async(self._store, key, data)  # a power cut had left it incomplete

    async def _pass_on(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with _one_line(self._name, ""):
            async for chunk in chunks:
                yield bytes(chunk)


def mime_of(key: str) -> str:
    """Tell the MIME type that a key's file was stored with."""
    found = _KEY.fullmatch(key)
    return _MIMES.get(found["extension"], "application/octet-stream") if found else "application/octet-stream"


def _open_bucket(url: str, config: dict[str, str]) -> ObjectStore:
    options: dict[str, Any] = {"config": config, "retry_config": _RETRY}  # untyped, as three kinds of config share it
    if config.get("endpoint", "").startswith("http://"):
        options["client_options"] = {"allow_http": True}
    return from_url(url, **options)


def _open_folder(folder: Path) -> ObjectStore:
    folder.mkdir(parents=True, exist_ok=True)
    _sync(folder.parent)
    return LocalStore(folder)


def _checked(key: str) -> str:
    """Let only keys of ours through: they arrive in URLs."""
    if not _KEY.fullmatch(key):
        raise FileNotFoundError(key)
    return key


def _fit(span: tuple[int, int | None], size: int) -> tuple[int, int]:
    start, end = span[0], size if span[1] is None else min(span[1], size)
    if not 0 <= start < end:
        raise SpanError(f"bytes {start} to {end} of a file of {size}")
    return start, end


def _holds(path: Path, data: bytes) -> bool:
    return path.read_bytes() == data


def _sync(*paths: Path) -> None:
    """Bring files and folders to the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _one_line(name: str, key: str | None = None) -> Iterator[None]:
    """Turn whatever a store raises into one line with its name; where a `key` is asked for, it may be missing."""
    try:
        yield
    except SpanError:
        raise
    except TimeoutError:
        raise MediaStoreError(f"MEDIA_URL {name}: no answer within {_CHECK_SECONDS:.0f} s") from None
    # obstore 0.12 raises NotImplementedError, which is no BaseError, where the operator's bucket cannot do something:
    # one on S3 set to conditional_put=disabled has no mode="create". That is told in one line like every other fault.
    except (BaseError, OSError, ValueError, NotImplementedError) as error:
        if key is not None and isinstance(error, FileNotFoundError):
            raise FileNotFoundError(f"{name} has no {key!r}") from None
        raise MediaStoreError(f"MEDIA_URL {name}: {_shorten(str(error))}") from error


def _shorten(words: str) -> str:
    """Keep the first paragraph of an error, and of a provider's XML only its code and message."""
    words = words.partition("\n\nDebug source")[0]
    if _CLOUD_METADATA in words:
        return "no credentials in the environment, and this machine's cloud gives none"
    told = re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", words, re.DOTALL)
    if told:
        words = f"{words[: words.index('<')].strip()} {told[1]}: {told[2]}"
    return " ".join(words.split())[:300]
