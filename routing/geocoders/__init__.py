"""Who is asked over the network where words are, when the pack itself does not know: adding one is a file and a line.

Only a deployment that names one by setting asks anybody. Importing this imports geopy, which takes a fifth of a second.
"""

from __future__ import annotations

from routing.geocoders.georef import GEOREF
from routing.geocoders.google import GOOGLE
from routing.geocoders.mapbox import MAPBOX
from routing.geocoders.nominatim import NOMINATIM
from routing.geocoders.opencage import OPENCAGE
from routing.geocoders.photon import PHOTON
from routing.geocoders.provider import Provider, Region, Setup

GEOCODERS: dict[str, Provider] = {
    "nominatim": NOMINATIM,
    "photon": PHOTON,
    "georef": GEOREF,
    "google": GOOGLE,
    "opencage": OPENCAGE,
    "mapbox": MAPBOX,
}

__all__ = ["GEOCODERS", "Provider", "Region", "Setup"]
