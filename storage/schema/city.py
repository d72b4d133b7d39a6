"""The municipality as it was loaded, the boundaries beside it, and what was learnt of its words and addresses."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, LargeBinary, String, Table, Text

from storage.schema.ground import metadata

# The pack as it was loaded: one row, so that every process reads the same.
pack = Table(
    "pack",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("loaded_at", Float, nullable=False),
)

# Boundaries that were imported beside the pack's own: the outline is WKB in (lon, lat) degrees of WGS84.
area = Table(
    "area",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("country", String(2), nullable=False),
    Column("level", String(40), nullable=False),
    Column("parent", String(80), nullable=False, server_default=""),
    Column("name", String(200), nullable=False),
    Column("about", Text, nullable=False, server_default=""),  # what else its file says of it, as JSON
    Column("digest", String(64), nullable=False),
    Column("outline", LargeBinary, nullable=False),
    Column("loaded_at", Float, nullable=False),
)

# How far the import of a file came, so that one that was cut off goes on.
area_import = Table(
    "area_import",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the file
    Column("name", String(200), nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),  # its features, in their order
    Column("finished_at", Float),
)

# What words led to which category, as citizens confirmed it.
category_choice = Table(
    "category_choice",
    metadata,
    Column("language", String(12), primary_key=True),
    Column("word", String(60), primary_key=True),
    Column("category", String(80), primary_key=True),
    Column("count", Integer, nullable=False),
)

# What geocoders answered, for a while.
geocode = Table(
    "geocode",
    metadata,
    Column("provider", String(40), primary_key=True),
    Column("query", String(300), primary_key=True),
    Column("found", Text, nullable=False),
    Column("at", Float, nullable=False, index=True),
)
