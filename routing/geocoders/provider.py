"""What every geocoder has: how it is made, how it is asked within a region, how its answer is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from geopy.adapters import AioHTTPAdapter

from routing.candidates import Candidate

# As many as are worth reading; those outside of what is served are left out afterwards.
MOST_ASKED = 10


class Region(NamedTuple):
    """Where an answer is looked for: a box in WGS84 degrees, a country (ISO 3166-1 alpha-2) and a language."""

    south: float
    west: float
    north: float
    east: float
    country: str
    language: str

    @property
    def corners(self) -> list[tuple[float, float]]:
        """The box as geopy has it: two corners (lat, lon)."""
        return [(self.south, self.west), (self.north, self.east)]

    @property
    def middle(self) -> tuple[float, float]:
        """(lat, lon) of its middle."""
        return (self.south + self.north) / 2, (self.west + self.east) / 2


class Setup(NamedTuple):
    """What an operator says of one: `url` instead of the public server, a `key`, who we are (`user_agent`)."""

    url: str = ""
    key: str = ""
    user_agent: str = "baldosa"

    def server(self) -> dict[str, Any]:
        """The arguments that all of geopy's geocoders share."""
        # A domain of geopy's may hold a port and a path.
        parts = urlsplit(self.url)
        where = {"scheme": parts.scheme, "domain": f"{parts.netloc}{parts.path}".rstrip("/")} if self.url else {}
        return {"user_agent": self.user_agent, "adapter_factory": AioHTTPAdapter, **where}


class Provider(NamedTuple):
    """A geocoder: `make` is geopy's object, `arguments` of its `geocode` within a region, `read` one raw result.

    `pace` is seconds between two requests on its public server, as its terms of use have them; `key` says whether it
    needs one.
    """

    make: Callable[[Setup], Any]
    arguments: Callable[[Region], dict[str, Any]]
    read: Callable[[dict[str, Any]], Candidate | None]
    pace: float
    key: bool = False
