"""Who answers: every way in which one claim counts before another, and what is told where nobody does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from routing import Area, Body, Category, Pack
from routing.atlas import Atlas
from routing.records import Emergency, Info, NotServed, Records, Rule
from tests.routing.outlines import atlas, boundary

HERE = (0.5, 0.5)  # town > quarter > camp
QUARTER = (1.5, 1.5)  # town > quarter
TOWN = (5.0, 5.0)
BESIDE = (20.0, 20.0)  # island: an area of its own
REASON = NotServed(reason={"es": "No pasa el camión."}, go_to={"es": "Al muelle."})
CALL = Emergency(phone="103", say={"es": "No los toques."})


def area(area_id: str, level: str, size: float, parent: str = "", at: float = 0.0) -> Area:
    ring = ((at, at), (at + size, at), (at + size, at + size), (at, at + size), (at, at))
    return Area(id=area_id, level=level, titles={"es": area_id}, parent=parent, polygons=((ring,),))


AREAS = (
    area("town", "town", 10),
    area("quarter", "quarter", 3, "town"),
    area("camp", "camp", 1, "quarter"),
    area("island", "quarter", 2, at=19.0),
)
BODIES = {
    "hall": ("town",),
    "north": ("quarter",),
    "agency": ("camp",),
    "works": ("town",),
    "port": ("island",),
}


def make_pack(*rules: Rule, own: tuple[str, ...] = (), fallback: str = "hall", **leaf: Any) -> Pack:
    """A pack whose group "streets" has the bodies hall and north, and its leaf "hole" those of `own` if any."""
    group = Category(id="streets", icon="", names={"es": "Calles"}, leaf=False, bodies=("hall", "north"))
    bodies = () if leaf.get("not_served") else own or group.bodies
    hole = Category(
        id="hole",
        icon="",
        names={"es": "Pozo"},
        parent="streets",
        bodies=bodies,
        inherits=not own,
        fallback="" if leaf.get("not_served") else fallback,
        **leaf,
    )
    rest = Category(id="rest", icon="", names={"es": "Otro"}, parent="streets", other=True, bodies=("hall",))
    info = Info(
        id="tiny",
        names={"es": "Villa"},
        languages=("es",),
        language="es",
        country="AR",
        phone_prefix="+54",
        timezone="UTC",
        levels=("town", "quarter", "camp"),
        choice_level="quarter",
        fallback=fallback,
        lat=1.0,
        lon=1.0,
    )
    served = tuple(Body(id=body, names={"es": body}, areas=areas) for body, areas in BODIES.items())
    return Pack(Records(info=info, areas=AREAS, bodies=served, categories=(group, hole, rest), rules=rules))


def answering(pack: Pack, place: tuple[float, float] | None) -> list[str]:
    areas = pack.areas_at(*place) if place else ()
    return [body.id for body in pack.decide(areas, "hole").bodies]


def rule(*bodies: str, areas: tuple[str, ...] = (), categories: tuple[str, ...] = (), **more: Any) -> Rule:
    return Rule(bodies=bodies, areas=areas, categories=categories, **more)


CASES: dict[str, tuple[tuple[Rule, ...], tuple[float, float] | None, list[str]]] = {
    "the narrowest area of a category's bodies": ((), QUARTER, ["north"]),
    "a wider one where there is no narrower": ((), TOWN, ["hall"]),
    "the fallback where nothing is known of the place": ((), None, ["hall"]),
    "nobody where not even the fallback serves": ((), BESIDE, []),
    "a rule in a narrower area": ((rule("agency", categories=("streets",)),), HERE, ["agency"]),
    "no rule of another area": ((rule("agency", categories=("streets",)),), QUARTER, ["north"]),
    "no rule of another category": ((rule("agency", categories=("rest",)),), HERE, ["north"]),
    "an area before a category": ((rule("works", categories=("hole",)),), QUARTER, ["north"]),
    "a category before its group, in one area": ((rule("works", categories=("hole",)),), TOWN, ["works"]),
    "a group before everything, in one area": ((rule("works"),), TOWN, ["hall"]),
    "a rule's areas in place of its bodies'": (
        (rule("works", areas=("quarter",), categories=("hole",)),),
        QUARTER,
        ["works"],
    ),
    "equals together, the first one leads": ((rule("works", categories=("streets",)),), TOWN, ["hall", "works"]),
    "only what is preferred among equals": (
        (rule("works", categories=("streets",), prefer=True),),
        TOWN,
        ["works"],
    ),
    "no preference before a category": (
        (rule("works", prefer=True), rule("north", areas=("town",), categories=("hole",))),
        TOWN,
        ["north"],
    ),
    "several bodies of one rule": (
        (rule("works", "hall", categories=("hole",)),),
        TOWN,
        ["works", "hall"],
    ),
    "who stands beside, behind who leads": ((rule("works", also=True),), HERE, ["north", "works"]),
    "who stands beside only in her own areas": ((rule("agency", also=True),), TOWN, ["hall"]),
    "nobody twice": ((rule("north", also=True),), QUARTER, ["north"]),
    "nobody, where a rule says so": ((rule(areas=("camp",), not_served=REASON),), HERE, []),
    "somebody outside of where nobody answers": ((rule(areas=("camp",), not_served=REASON),), QUARTER, ["north"]),
    "nobody beside nobody": (
        (rule(areas=("camp",), not_served=REASON), rule("works", also=True)),
        HERE,
        [],
    ),
    "somebody narrower than where nobody answers": (
        (rule(areas=("town",), categories=("hole",), not_served=REASON),),
        QUARTER,
        ["north"],
    ),
    "nobody beside the fallback whose area is not known to be here": ((rule("works", also=True),), None, ["hall"]),
    "a utility of another place": ((rule("port", categories=("hole",)),), BESIDE, ["port"]),
}


@pytest.mark.parametrize("name", CASES)
def test_who_answers_is(name: str) -> None:
    rules, place, bodies = CASES[name]
    assert answering(make_pack(*rules), place) == bodies


def test_a_category_with_bodies_of_its_own_has_none_of_its_group() -> None:
    assert answering(make_pack(own=("works",)), QUARTER) == ["works"]


def test_what_is_not_served_is_told_with_the_reason_and_where_to_go() -> None:
    pack = make_pack(rule(areas=("camp",), not_served=REASON))
    decision = pack.decide(pack.areas_at(*HERE), "hole")
    assert decision.not_served == REASON
    assert decision.lead is None
    assert pack.decide(pack.areas_at(*QUARTER), "hole").not_served is None


def test_where_nobody_wrote_down_why_there_is_still_a_refusal() -> None:
    pack = make_pack(fallback="")
    assert pack.decide((), "hole").not_served == NotServed()
    assert pack.decide(pack.areas_at(*BESIDE), "hole").bodies == ()


def test_what_a_category_refuses_is_served_only_where_a_rule_says_its_name() -> None:
    refused: dict[str, Any] = {"not_served": REASON}
    assert answering(make_pack(**refused), HERE) == []
    assert answering(make_pack(rule("agency", categories=("streets",)), **refused), HERE) == []
    assert answering(make_pack(rule("agency", categories=("hole",)), **refused), HERE) == ["agency"]
    assert answering(make_pack(rule("agency", categories=("hole",)), **refused), TOWN) == []


def test_an_emergency_is_told_whoever_answers_and_the_narrowest_number_counts() -> None:
    local = Emergency(phone="911", say={"es": "Llamá."})
    pack = make_pack(rule(areas=("camp",), categories=("streets",), emergency=local), emergency=CALL)
    told = [pack.decide(pack.areas_at(*place), "hole").emergency for place in (HERE, QUARTER)]
    assert told == [local, CALL]
    assert pack.decide((), "hole").emergency == CALL
    assert answering(pack, QUARTER) == ["north"]


def test_only_what_somebody_answers_for_is_offered() -> None:
    pack = make_pack(not_served=REASON)
    assert pack.offered(pack.areas_at(*TOWN)) == ("rest",)
    assert pack.offered(pack.areas_at(*BESIDE)) == ()


def test_the_area_matters_where_it_decides_among_what_can_be_chosen() -> None:
    assert make_pack().depends_on_area("hole")
    everywhere = rule("works", areas=("island",))
    assert not make_pack(everywhere, own=("works",), fallback="works").depends_on_area("hole")
    # A camp is not to be chosen from: who is in one says so.
    assert make_pack(rule("agency")).area_choices() == (AREAS[1], AREAS[3])


def test_where_the_pack_draws_no_area_the_imported_ones_that_bodies_name_are_chosen_from(tmp_path: Path) -> None:
    drawn = make_pack()
    bodies = (msgspec.structs.replace(drawn.records.bodies[0], areas=("XX-1",)),)
    group, *leaves = drawn.records.categories
    alone = [msgspec.structs.replace(each, bodies=("hall",), fallback="") for each in leaves]
    info = msgspec.structs.replace(drawn.info, levels=("municipality",), choice_level="", fallback="")
    pack = Pack(msgspec.structs.replace(drawn.records, info=info, areas=(), bodies=bodies, categories=(group, *alone)))
    assert pack.area_choices() == ()
    assert not pack.depends_on_area("hole")
    near, far = boundary("XX-1", shapely.box(0, 0, 1, 1)), boundary("XX-2", shapely.box(1, 0, 2, 1))
    pack.use_atlas(atlas(tmp_path / "areas", near, far))
    assert [each.id for each in pack.area_choices()] == ["XX-1"]
    # Or she would be told that nobody answers before she has said where it is.
    assert pack.depends_on_area("hole")
    assert [each.id for each in pack.serving("XX-1")] == ["hall"]
    assert pack.serving("XX-2") == ()
    pack.use_atlas(Atlas())
    assert pack.area_choices() == ()
    assert not pack.depends_on_area("hole")


def test_a_category_that_is_none_has_nobody_and_says_so() -> None:
    decision = make_pack().decide((), "no-such")
    assert decision.bodies == ()
    assert decision.steps == ("There is no category 'no-such'.",)
    assert make_pack().decide((), "streets").bodies == ()


CAMP = ("camp",)
STEPS = [
    ("its area is the narrowest", rule("agency"), HERE),
    ("it names the category more exactly", rule("works", categories=("hole",)), TOWN),
    ("it is preferred", rule("works", categories=("streets",), prefer=True), TOWN),
    ("They are equals", rule("works", categories=("streets",)), TOWN),
    ("answers beside whoever leads", rule("works", also=True), HERE),
    ("Nobody answers for everything, in camp (camp) (rules", rule(not_served=REASON, line=7, areas=CAMP), HERE),
    ("is the fallback of this category", rule("port"), None),
    ("told to phone 103", rule(emergency=CALL), HERE),
    ("So nobody answers here", rule("works", areas=("town",)), BESIDE),
]  # fmt: skip


@pytest.mark.parametrize(("said", "one", "place"), STEPS, ids=[said for said, *_ in STEPS])
def test_every_step_is_told_in_plain_words(said: str, one: Rule, place: tuple[float, float] | None) -> None:
    pack = make_pack(one)
    steps = pack.decide(pack.areas_at(*place) if place else (), "hole").steps
    assert any(said in step for step in steps), steps


RULES = st.builds(
    Rule,
    areas=st.lists(st.sampled_from([each.id for each in AREAS]), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["hole", "streets", "rest"]), max_size=2).map(tuple),
    bodies=st.lists(st.sampled_from(sorted(BODIES)), min_size=1, max_size=2, unique=True).map(tuple),
    prefer=st.booleans(),
    also=st.booleans(),
)


@given(st.lists(RULES, max_size=6), st.sampled_from([HERE, QUARTER, TOWN, BESIDE]))
def test_whatever_the_rules_nobody_answers_where_she_does_not_serve(
    rules: list[Rule], place: tuple[float, float]
) -> None:
    pack = make_pack(*rules)
    areas = {each.id for each in pack.areas_at(*place)}
    named = {body: set(own) for body, own in BODIES.items()}
    for one in rules:
        for body in one.bodies:
            named[body] |= set(one.areas)
    bodies = pack.decide(pack.areas_at(*place), "hole").bodies
    assert all(named[body.id] & areas for body in bodies)
    assert len({body.id for body in bodies}) == len(bodies)
    assert Pack.from_json(pack.to_json()).decide(pack.areas_at(*place), "hole").bodies == bodies
