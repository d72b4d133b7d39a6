"""How an operator names geocoders: "nominatim, photon@https://photon.example", and their keys: "google=..."."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

# routing/geocoders holds what each one is; a test holds the two together.
KNOWN = ("nominatim", "photon", "georef", "google", "opencage", "mapbox")
NEED_KEY = ("google", "opencage", "mapbox")
# The one whose policy asks who we are.
NEED_CONTACT = "nominatim"


class Named(NamedTuple):
    """A geocoder and its own server's address, "" for the public one."""

    name: str
    url: str


def read_geocoders(text: str) -> tuple[Named, ...]:
    """The geocoders in their order; raises ValueError with what is wrong."""
    named = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, url = each.partition("@")
        if name.strip().lower() not in KNOWN:
            raise ValueError(f"names '{name.strip()}', which is none of {', '.join(KNOWN)}")
        parts = urlsplit(url.strip())
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"must have a web address after '{name.strip()}@', such as https://geocoder.example")
        named.append(Named(name.strip().lower(), url.strip().rstrip("/")))
    return tuple(named)


def read_keys(text: str) -> dict[str, str]:
    """Each geocoder's key; raises ValueError, without the key, with what is wrong."""
    keys = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, equals, key = each.partition("=")
        if not equals or name.strip().lower() not in KNOWN:
            raise ValueError("must look like google=KEY, opencage=KEY")
        keys[name.strip().lower()] = key.strip()
    return keys
