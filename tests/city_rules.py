"""What may happen in the city: what citizens and officials do, what anybody says or tries, and what time does."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.city_course import Course
from tests.city_people import CITIZENS, OFFICIALS, STORIES
from tests.city_play import any_ticket
from tests.machine import DAY, HOUR

has_tickets = Course.has_tickets
GARBAGE = (
    "hola", "no", "sí", "1", "99", "gracias", "volver", "cancelar", "?", "x" * 3000, "a\0b", "👍", "/nada", "/estado",
    "/tomar", "/responder", "/resuelto", "/deshacer", "/unir", "/bandeja", "mis reclamos", "/numeros", "/equipo",
    "/buscar bache", "/prioridad", "/planificar 31/2", "/varios", "ayuda",
)  # fmt: skip
FOREIGN = (
    "/ver {}", "/tomar {}", "/responder {} vamos", "/estado {}", "/estado {} resuelto listo", "/nota {} ajá",
    "/deshacer {}", "/retirar {}",
    "/pasar {} comuna-14 es mío", "/planificar {} viernes", "/asignar {} yo", "/prioridad {} alta", "/ocultar {} no",
    "/contestar {} hola", "/dividir {}", "/liberar {}", "/bloquear {} no", "/fotos {}", "/arreglado {} no",
    "/agregar {} yo", "/puntaje {} 1", "/pedido {}", "/cambiar {} lugar", "me sumo {}x", "{}", "/unir {} {}",
)  # fmt: skip
ACTS = (
    "work", "verdicts", "twins", "withdraw", "held", "dropped", "passed", "ordered", "declined", "hidden", "blocked",
    "trespass",
)  # fmt: skip
WAITS = (20.0, 20 * 60.0, 5 * HOUR, 5 * HOUR, 14 * HOUR, 14 * HOUR, DAY, DAY, 3 * DAY, 8 * DAY)


class Rules(Course):
    """Everything that may happen."""

    @initialize(crowd=st.permutations(sorted(CITIZENS)), acts=st.permutations(ACTS))
    def begin(self, crowd: list[str], acts: list[str]) -> None:
        """Three reports, and everything that happens in every city."""
        self.crowd = crowd
        for story in STORIES[:3]:
            self.fresh(story)
        for name in acts:
            self.acts()[name]()

    @rule(who=st.sampled_from([*CITIZENS, *OFFICIALS]), text=st.sampled_from(GARBAGE))
    def say_anything(self, who: str, text: str) -> None:
        self.play(self.say(who, text))

    @precondition(has_tickets)
    @rule(who=st.sampled_from(["olga", "olga", *CITIZENS]), n=any_ticket, line=st.sampled_from(FOREIGN))
    def try_what_is_foreign(self, who: str, n: int, line: str) -> None:
        code = self.town.code(n)
        if who == "olga" or who not in self.town.followers.of(code):
            self.play(self._try(who, line.format(code, self.town.code(n + 1))))

    @rule(seconds=st.sampled_from(WAITS))
    def let_time_pass(self, seconds: float) -> None:
        self.play(self.city.wait(seconds))
