"""Where a report goes, and how a person says where it is.

A deployment's data is a *pack*: a folder of files (docs/packs.md), read once with every fault told by file and line.

- `pack`: what conversations ask: categories, areas, who answers, words understood
- `places`: coordinates, map links and plus codes inside what people write
- `addresses`: streets with a house number and streets that cross, inside what people write
- `settling`, `points`: the one way to write a place down, and where it is as far as the pack has drawn it
- `candidates`, `geocoders`: points that words may mean, and who is asked for them over the network
- `calendar`, `timetable`, `silence`: working time, a ticket's targets and ladder, what is due about its silence
- `guards`: slips in positions that are typed; `chart`: a small picture of the map
- `folder`, `shapes`, `sources`, `outlines`, `catalogue`, `templates`, `term_file`, `faults`: how a pack is read
- `records`, `terms`: what a pack holds, as it is kept in the database
- `areas`, `gazetteer`, `vocabulary`, `words`: the indexes behind `pack`
- `notations`, `grids`, `links`: the forms behind `places`
"""

from __future__ import annotations

from routing.faults import Fault, PackError
from routing.pack import Pack, read_pack
from routing.places import Found, distance_m, read_place, tidy_words, unreadable_link, without_links
from routing.records import Area, Body, Category, Template

__all__ = [
    "Area",
    "Body",
    "Category",
    "Fault",
    "Found",
    "Pack",
    "PackError",
    "Template",
    "distance_m",
    "read_pack",
    "read_place",
    "tidy_words",
    "unreadable_link",
    "without_links",
]
