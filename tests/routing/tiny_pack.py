"""A pack as small as one can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

PACK = """\
id = "tiny"
name = { es = "Villa Chica" }
languages = ["es"]
language = "es"
country = "AR"
phone_prefix = "+54"
timezone = "America/Argentina/Buenos_Aires"
levels = ["town", "quarter"]
fallback = "town-hall"

[map]
lat = -34.5
lon = -58.5
"""
BODIES = """\
[[body]]
id = "town-hall"
name = { es = "Municipio" }
areas = ["town"]

[[body]]
id = "north"
areas = ["north"]
[body.name]
es = "Delegación Norte"

[sets]
quarters = ["north"]
"""
CATEGORIES = """\
[[group]]
id = "streets"
icon = "🛣️"
name.es = "Calles"
bodies = ["quarters"]

[[category]]
id = "hole"
group = "streets"
icon = "🕳️"
name.es = "Pozo"
words.es = [
  "pozo",
  "bache",
]

[[category]]
id = "streets-other"
group = "streets"
icon = "❔"
name.es = "Otro"
other = true

[[category]]
id = "other"
icon = "💬"
name.es = "Otro problema"
bodies = ["town-hall"]
other = true
"""
PLACES = """\
streets = ["San Martín"]

[[place]]
names = ["El Alto"]
area = "north"
lat = -34.45
lon = -58.5
"""
STREETS = """\
[[street]]
names = ["Av. San Juan", "San Juan"]
areas = ["north", "town"]
ranges = [
  { from = 1, to = 99, area = "north" },
  { from = 100, to = 199, area = "town" },
]

[[street]]
names = ["Mitre"]
"""
RULES = """\
[[rule]]
areas = ["north"]
categories = ["streets", "hole"]
bodies = ["town-hall"]
also = true

[[rule]]
areas = ["north"]
not_served.es = "Acá no llegamos."
go_to.es = "Andá al puerto."

[[rule]]
categories = ["hole"]
emergency = { phone = "103", say = { es = "Alejate." } }
"""
AREAS = """\
{"type": "FeatureCollection", "features": [
 {"type": "Feature",
  "properties": {"id": "town", "level": "town", "name": "Villa Chica"},
  "geometry": {"type": "Polygon", "coordinates": [[[-59, -35], [-58, -35], [-58, -34], [-59, -34], [-59, -35]]]}},
 {"properties": {
    "id": "north", "level": "quarter", "name": {"es": "Norte"},
    "parent": "town"},
  "geometry": {"type": "MultiPolygon", "coordinates":
    [[[[-58.9, -34.5], [-58.1, -34.5], [-58.1, -34.1], [-58.9, -34.1], [-58.9, -34.5]]]]},
  "type": "Feature"}
]}
"""


FILES = {
    "pack.toml": PACK,
    "bodies.toml": BODIES,
    "categories.toml": CATEGORIES,
    "places.toml": PLACES,
    "streets.toml": STREETS,
    "rules.toml": RULES,
    "areas/areas.geojson": AREAS,
}


Write = Callable[..., Path]
