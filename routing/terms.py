"""What a pack promises: when people work, how soon they answer and close, who hears of it when they do not.

Everything is kept as its writer wrote it ("2 working days", "08:00"); `routing.timetable` reads it.
"""

from __future__ import annotations

from msgspec import Struct, field

Texts = dict[str, str]


class Rung(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A rung of a body's ladder: `to` is "colleague", "dispatcher", "manager" or "body:<id>".

    It is climbed `after` so long a silence since the rung below, or since the target was missed.
    """

    to: str
    after: str = "2 working days"


DEFAULT_LADDER = (Rung(to="colleague"), Rung(to="dispatcher"), Rung(to="manager"))


class Hours(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From one time of the day to another, on the municipality's own clock: "08:00", "17:00"."""

    begin: str = field(name="from")
    end: str = field(name="to")


class Urgent(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """The targets of what cannot wait, and how long each rung of the ladder is silent."""

    answer: str = "2 hours"
    close: str = "24 hours"
    after: str = "2 hours"


class Question(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """After how many days without an answer a citizen is reminded of a question, and her report is closed."""

    remind: int = 5
    close: int = 8


class Fixed(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """After how many days "was it fixed?" is asked again, and silence is a yes."""

    again: int = 7
    confirm: int = 21


class Holiday(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A day on which nobody works: `date` is the one day ("2026-02-16"), `every` the day of each year ("12-25").

    `easter` counts days from Easter Sunday, `moved` names how one of every year is moved (`routing.holidays.MOVES`);
    `source` says where it was taken from.
    """

    name: str
    date: str = ""
    every: str = ""
    easter: int | None = None
    moved: str = ""
    source: str = ""


class Law(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The right to ask a body for information: what it is called, where a request goes, to which mailbox ("": none)."""

    id: str
    names: Texts = field(name="name")
    where: Texts
    mail: str = ""


class Usual(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Working time, quiet hours, targets and ladder where nothing else is said.

    `years` are those for which what is declared from year to year is written down; `source` says where it was taken
    from.
    """

    working_days: tuple[str, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    hours: Hours = Hours(begin="08:00", end="17:00")
    quiet: Hours = Hours(begin="22:00", end="08:00")
    answer: str = "3 working days"
    close: str = "15 working days"
    urgent: Urgent = Urgent()
    question: Question = Question()
    fixed: Fixed = Fixed()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    years: tuple[int, ...] = ()
    source: str = ""


class Terms(Usual, frozen=True, omit_defaults=True, kw_only=True):
    """calendar.toml: what is usual, the holidays and the laws."""

    holidays: tuple[Holiday, ...] = ()
    laws: tuple[Law, ...] = ()
