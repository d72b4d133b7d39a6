"""How often free words lead to the right kind of problem: `python -m tests.hit_rate` prints the table.

Real words of three places are read by the demo pack, first by its own synonyms alone, then with what was learnt from
the other tenths of the same words (nothing is measured on what it was learnt from). Right is the group; words of
problems that the pack has no group for are left out. The data is in a folder beside the checkout and stays there.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from routing.learning import Count, Learned, telling_words
from routing.pack import Pack
from tests.machine import demo_pack
from tests.real_input import GROUPS, SHARED
from tests.real_input import POSTS as POSTS

CATALOGUE = SHARED / "geo/requests/saopaulo_sp156_service_catalogue.csv"
COMPLAINTS = SHARED / "geo/requests/pamplona_quejas_2014.csv.gz"
FOLDS = 10
SHOWN = 3

# A word of a subject, and the groups in which a person would find it.
SUBJECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("asfalto", ("calles",)),
    ("calçadas", ("veredas", "calles")),
    ("guias rebaixadas", ("veredas",)),
    ("árvore", ("verde",)),
    ("capinação", ("verde",)),
    ("praças", ("verde",)),
    ("parques", ("verde",)),
    ("iluminação", ("alumbrado",)),
    ("drenagem", ("agua",)),
    ("esgoto", ("agua",)),
    ("córregos", ("agua", "limpieza")),
    ("entulho", ("limpieza",)),
    ("grandes objetos", ("limpieza",)),
    ("varrição", ("limpieza",)),
    ("coleta de lixo", ("limpieza",)),
    ("coleta seletiva", ("limpieza",)),
    ("reciclagem", ("limpieza",)),
    ("lixeiras", ("limpieza",)),
    ("lixão", ("limpieza",)),
    ("veículos abandonados", ("transito",)),
    ("sinalização", ("transito", "calles")),
    ("estacionamento", ("transito",)),
    ("sonora", ("convivencia",)),
    ("poluição do ar", ("convivencia",)),
    ("fiscalização de obras", ("convivencia",)),
    ("segurança de edificação", ("convivencia",)),
    ("ambulantes", ("veredas", "convivencia")),
    ("dengue", ("salud",)),
    ("causar doenças", ("salud",)),
    ("terrenos", ("salud", "convivencia")),
)
SUBTHEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("aceras", ("veredas",)),
    ("calzada", ("calles",)),
    ("alumbrado", ("alumbrado",)),
    ("árboles", ("verde",)),
    ("mobiliario", ("verde", "limpieza")),
    ("limpieza", ("limpieza",)),
    ("pintadas", ("limpieza",)),
    ("animales", ("salud", "convivencia")),
    ("tráfico", ("transito",)),
    ("estacionamiento", ("transito",)),
    ("ruidos", ("convivencia",)),
)


class Sample(NamedTuple):
    """What somebody said, in which language, the groups that are right, and how often it was said."""

    words: str
    language: str
    right: tuple[str, ...]
    times: int = 1


def posts() -> list[Sample]:
    """Posts of residents, with their one category each."""
    with POSTS.open(encoding="utf-8") as file:
        rows = [(row["text"], GROUPS[row["category"]]) for row in csv.DictReader(file)]
    return [Sample(text, "es", right) for text, right in rows if right]


def services() -> list[Sample]:
    """The names of a city's services, as often as each was asked for."""
    with CATALOGUE.open(encoding="utf-8") as file:
        rows = [(row["service"], _right(row["subject"], SUBJECTS), int(row["count"])) for row in csv.DictReader(file)]
    return [Sample(name, "pt", right, times) for name, right, times in rows if right]


def complaints() -> list[Sample]:
    """What complaints were filed under, as often as each was."""
    with gzip.open(COMPLAINTS, "rt", encoding="utf-8") as file:
        counts = Counter(row["subtheme"] for row in csv.DictReader(file))
    rows = [(name, _right(name, SUBTHEMES), times) for name, times in counts.items()]
    return [Sample(name, "es", right, times) for name, right, times in rows if right]


def _right(subject: str, known: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    folded = subject.lower()
    return next((groups for word, groups in known if word in folded), ())


class Score(NamedTuple):
    """Shares of what was said, of 1: certain and right, certain and wrong, first suggestion right, among the shown."""

    certain: float
    mistaken: float
    first: float
    shown: float


def measure(pack: Pack, samples: list[Sample], learned: list[Learned]) -> Score:
    """Read every sample with the one of `learned` that has not seen it."""
    found: Counter[str] = Counter()
    for number, sample in enumerate(samples):
        sure = pack.recognition.recognise(sample.words, sample.language)
        offered = pack.recognition.suggest(sample.words, sample.language, SHOWN, learned[number % FOLDS])
        groups = [_group(pack, leaf) for leaf in offered]
        if sure:
            found["certain" if _group(pack, sure) in sample.right else "mistaken"] += sample.times
        found["first"] += sample.times * bool(groups and groups[0] in sample.right)
        found["shown"] += sample.times * any(group in sample.right for group in groups)
    every = sum(sample.times for sample in samples)
    return Score(*(found[name] / every for name in Score._fields))


def learn(pack: Pack, samples: list[Sample]) -> list[Learned]:
    """For each tenth, what the other nine have taught: each sample confirmed once, under its group's "other"."""
    folds = []
    for fold in range(FOLDS):
        counts: Counter[tuple[str, str, str]] = Counter()
        for number, sample in enumerate(samples):
            if number % FOLDS != fold:
                leaf = _other(pack, sample.right[0])
                counts.update((sample.language, word, leaf) for word in telling_words(sample.words, sample.language))
        folds.append(Learned(Count(*key, times) for key, times in counts.items()))
    return folds


def _group(pack: Pack, leaf_id: str) -> str:
    category = pack.category(leaf_id)
    return (category.parent or category.id) if category else ""


def _other(pack: Pack, group_id: str) -> str:
    return next((leaf.id for leaf in pack.leaves(group_id) if leaf.other), group_id)


def report() -> Iterator[str]:
    """The table."""
    pack = demo_pack()
    head = f"{'':34}{'said':>9}{'certain':>9}{'mistaken':>10}{'first':>8}{f'in {SHOWN}':>8}"
    yield head
    for name, samples in (("posts", posts()), ("services", services()), ("complaints", complaints())):
        every = sum(sample.times for sample in samples)
        for how, learned in (("synonyms", [Learned()] * FOLDS), ("and learnt", learn(pack, samples))):
            score = measure(pack, samples, learned)
            shares = f"{score.certain:9.1%}{score.mistaken:10.1%}{score.first:8.1%}{score.shown:8.1%}"
            yield f"{f'{name} ({len(samples)}), {how}':34}{every:9}{shares}"


if __name__ == "__main__":
    if not POSTS.is_file():
        sys.exit(f"There is no {POSTS}; name the folder in BALDOSA_SHARED.")
    for line in report():
        sys.stdout.write(f"{line}\n")
