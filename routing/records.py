"""What a pack holds: areas, bodies, categories, informal places; plain data, as the database keeps it.

Texts are kept per language ({"es": "Bache", "pt": "Buraco"}); one that lacks a language is read in the pack's first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from routing.terms import Rung, Terms
from routing.ways import EmailWay, Open311Way, WebhookWay

BodyKind = Literal["government", "agency", "utility"]
Texts = dict[str, str]
Words = dict[str, tuple[str, ...]]
Ring = tuple[tuple[float, float], ...]
Polygon = tuple[Ring, ...]


def text_in(texts: Mapping[str, str], language: str) -> str:
    """The text in `language` ("pt", "pt-BR"), else in the first language there is; "" when there is none."""
    return texts.get(language) or texts.get(language[:2].lower()) or next(iter(texts.values()), "")


class Head(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is said of a pack and read from pack.toml as it is."""

    id: str
    languages: tuple[str, ...]
    language: str
    country: str
    phone_prefix: str
    timezone: str
    levels: tuple[str, ...]
    choice_level: str = ""
    fallback: str = ""
    daily_segments: int = 0


class Info(Head, frozen=True, omit_defaults=True, kw_only=True):
    """The pack itself. `lat`, `lon` (WGS84 degrees) and `zoom` are where a map opens; `levels` go from wide to narrow.

    `fallback` is the body that answers where no rule decides, "" for none; people choose among the areas of
    `choice_level` ("": the narrowest) when their words do not tell which one they mean. `tiles` is a URL template with
    {z}, {x} and {y}, empty where maps show no background; `attribution` is what its owner wants said. `daily_segments`
    is each body's ceiling of SMS segments and WhatsApp messages a day, 0 for none.
    """

    names: Texts
    lat: float
    lon: float
    zoom: int = 12
    tiles: str = ""
    attribution: str = ""


class Area(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A served polygon with its level and parent; `names` are its other names, such as the barrios inside it.

    `polygons` are rings of (lon, lat), each polygon's outer ring first, as GeoJSON has them.
    """

    id: str
    level: str
    titles: Texts
    parent: str = ""
    names: tuple[str, ...] = ()
    polygons: tuple[Polygon, ...]

    def name(self, language: str) -> str:
        """What the area is called: "Comuna 14"."""
        return text_in(self.titles, language)

    def label(self, language: str) -> str:
        """The name with what people call it: "Comuna 14 (Palermo)"."""
        return f"{self.name(language)} ({', '.join(self.names)})" if self.names else self.name(language)


class Emergency(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must be a phone call first: the number, and what is said with it."""

    phone: str
    say: Texts


class NotServed(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why nobody here answers for something, and where to go instead; both empty where nobody wrote it down."""

    reason: Texts = {}
    go_to: Texts = {}


class Rule(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One rule of who answers: `bodies` in `areas` for `categories` (groups or leaves).

    Without areas the bodies answer in their own, without categories for all. The first body leads; `prefer` leaves out
    equals that do not say so; `also` puts the bodies beside whoever leads. With `not_served` nobody answers, with an
    `emergency` only the number is told. `line` is where the rule stands in rules.toml.
    """

    areas: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    prefer: bool = False
    also: bool = False
    not_served: NotServed | None = None
    emergency: Emergency | None = None
    line: int = 0


class Body(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An organisation that answers in `areas`, and how it receives reports.

    `kind` tells a utility from the town hall itself. `show_official_names` lets citizens see who answers; `delivery`
    are methods' names, all of which are used; every one but "chat" has a field of its own that says where to.
    `language` is what letters are written in, "" for the pack's first. `daily_segments` is its own ceiling, None for
    the pack's. `alert_supporters` is how many must have joined a ticket for its officials to be alerted, 0 for never.
    `answer` and `close` are its targets, `ladder` who hears of its silence, `law` by which it is asked for information;
    empty for the pack's own.
    """

    id: str
    names: Texts = field(name="name")
    areas: tuple[str, ...]
    kind: BodyKind = "government"
    show_official_names: bool = False
    delivery: tuple[str, ...] = ("chat",)
    language: str = ""
    email: EmailWay | None = None
    open311: Open311Way | None = None
    webhook: WebhookWay | None = None
    daily_segments: int | None = None
    alert_supporters: int = 10
    answer: str = ""
    close: str = ""
    ladder: tuple[Rung, ...] = ()
    law: str = ""

    def name(self, language: str) -> str:
        """What the body is called."""
        return text_in(self.names, language)


class Category(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something to report, or a group of such (`leaf` False). A top-level leaf is chosen like a group, at once.

    `words` are recognised with confidence, `hints` only suggest; `prompts` replace the question for details,
    `notices` are said before anything else is asked (what is dangerous, whom to phone). `bodies` and `fallback`
    are complete: a leaf has those of its group where it names none itself (`inherits`). `not_served` says that nobody
    answers but where a rule says so; an `emergency` is told before anything is asked. Open tickets of the category
    within `nearby_m` metres (0: none are looked for) and `nearby_days` days may be the same problem; of an `outage`
    many reports in one neighbourhood become one incident. `answer` and `close` are targets, "" where the body's count;
    what is `urgent` has short ones and passes quiet hours.
    """

    id: str
    icon: str
    names: Texts
    parent: str = ""
    leaf: bool = True
    other: bool = False
    words: Words = {}
    hints: Words = {}
    prompts: Texts = {}
    notices: Texts = {}
    bodies: tuple[str, ...] = ()
    inherits: bool = False
    fallback: str = ""
    not_served: NotServed | None = None
    emergency: Emergency | None = None
    nearby_m: int = 250
    nearby_days: int = 30
    outage: bool = False
    answer: str = ""
    close: str = ""
    urgent: bool = False

    def name(self, language: str) -> str:
        """What the category is called, short enough for a button."""
        return text_in(self.names, language)

    def prompt(self, language: str) -> str:
        """The question for details that fits this category; "" for the usual one."""
        return text_in(self.prompts, language)

    def notice(self, language: str) -> str:
        """What must be said first; "" for nothing."""
        return text_in(self.notices, language)


class HouseRange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """House numbers of a street that lie in one area, both ends included."""

    first: int = field(name="from")
    last: int = field(name="to")
    area: str


class Street(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A street: its names, the first of which is shown, all areas that it touches, and which houses lie where.

    Two ranges that overlap are a street between two areas. `line` are points (lat, lon in WGS84 degrees, house number)
    in the order of the numbers: houses lie between them, crossings where two lines meet, all to within `within` metres.
    """

    names: tuple[str, ...]
    areas: tuple[str, ...] = ()
    ranges: tuple[HouseRange, ...] = ()
    line: tuple[tuple[float, float, int], ...] = ()
    within: float = 30.0


class InformalPlace(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What people call a place that is no area: its names, the area it lies in, and its point when one is known.

    A `landmark` tells where something is by itself, as a hospital does and a quarter does not. `shown` is what all the
    names mean ("Barrio 20" is "Villa 20"); without it each is shown as it stands. The point is good to `within` metres;
    `blocks` are points (lat, lon) of the manzanas of a settlement, by number or letter.
    """

    names: tuple[str, ...]
    area: str
    landmark: bool = False
    shown: str = ""
    lat: float | None = None
    lon: float | None = None
    within: float = 100.0
    blocks: dict[str, tuple[float, float]] = {}


class Template(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A message that Meta approved, for WhatsApp's closed window: `sid` is Twilio's ContentSid.

    `variables` are what fills {{1}}, {{2}}, ... in this order: "code", "text", "body", "city".
    """

    name: str
    language: str
    sid: str
    variables: tuple[str, ...]


class Response(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an official may say with one tap: `label` is its button, `text` what the citizen reads in her language.

    `status` is when it is offered; `body` and `category` narrow it down, "" for any.
    """

    status: str
    label: Texts
    text: Texts
    body: str = ""
    category: str = ""


class Records(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A whole pack, checked. `streets` are areas' names that are streets somewhere else as well.

    `mapped` are the streets whose houses tell their area; `rules` are exceptions to what the categories say of bodies,
    `terms` when people work and how soon they answer; `alarms` whom to phone at once for each kind of emergency.
    """

    info: Info
    areas: tuple[Area, ...]
    bodies: tuple[Body, ...]
    categories: tuple[Category, ...]
    places: tuple[InformalPlace, ...] = ()
    streets: tuple[str, ...] = ()
    mapped: tuple[Street, ...] = ()
    templates: tuple[Template, ...] = ()
    rules: tuple[Rule, ...] = ()
    terms: Terms = Terms()
    alarms: dict[str, Emergency] = {}
    responses: tuple[Response, ...] = ()
