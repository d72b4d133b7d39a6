"""What citizens of the city do: report, join, leave, add, say whether it was fixed, rate, take back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot.messages import Attachment
from tests.city_checks import is_held
from tests.city_people import CITIZENS, PLACES, STORIES
from tests.city_play import Play, any_ticket, anybody

citizens = st.sampled_from(sorted(CITIZENS))
has_tickets = Play.has_tickets


class CitizenRules(Play):
    """One rule each."""

    @rule(
        who=citizens,
        story=st.sampled_from(STORIES),
        place=st.sampled_from(PLACES),
        twin=st.booleans(),
        photo=st.booleans(),
    )
    def report(self, who: str, story: str, place: Any, *, twin: bool, photo: bool) -> None:
        self.play(self.send_report(who, story, place, twin=twin, photo=photo))

    async def send_report(self, who: str, story: str, place: Any, *, twin: bool, photo: bool) -> None:
        """Report something to its end, as another one or as the same as what is there."""
        word = self.town.word()
        await self.tap(who, "/cancel")
        held = story.startswith("prueba")
        await self.say(who, "bache" if held else f"{story} {word}")
        if photo:
            await self.say(who, "", attachments=(Attachment("photo", "good"),))
        await self.say(who, "", place=place)
        for _ in range(8):
            if not await self._answer(who, story if held else word, twin=twin):
                break
        await self.tap(who, "/cancel")

    async def _answer(self, who: str, words: str, *, twin: bool) -> bool:
        """Answer what a report asks; False when it asks no more."""
        last = next(each for each in reversed(self.city.heard) if each.who == who)
        taps = {option.tap.rpartition(".")[2]: option.tap for option in last.out.options}
        other = next((tap for value, tap in taps.items() if value.startswith("other")), "")
        if other and twin:
            self._join_twin(who, next(iter(taps)))
        chosen = (taps[next(iter(taps))] if twin else other) if other else taps.get("send") or taps.get("report")
        if chosen:
            await self.tap(who, chosen)
        elif last.out.ticket:
            return False
        else:
            await self.say(who, words)
        return True

    def _join_twin(self, who: str, code: str) -> None:
        lead = self.town.followers.lead(code)
        self.town.followers.join(lead, who, is_open=self.town.is_open(lead))

    @precondition(has_tickets)
    @rule(who=citizens, n=any_ticket)
    def join(self, who: str, n: int) -> None:
        self.play(self._join(self.town.code(n), who))

    async def _join(self, code: str, who: str) -> None:
        lead = self.town.followers.lead(code)
        if not is_held(self.town, lead):
            self.town.followers.join(lead, who, is_open=self.town.is_open(lead))
        await self.tap(who, f"/join {code}")

    @precondition(has_tickets)
    @rule(who=citizens, n=any_ticket)
    def leave(self, who: str, n: int) -> None:
        self.play(self._leave(self.town.code(n), who))

    async def _leave(self, code: str, who: str) -> None:
        self.town.followers.leave(code, who)
        await self.tap(who, f"/leave {code}")

    @rule(who=citizens, language=st.sampled_from(["español", "português", "English"]))
    def speak(self, who: str, language: str) -> None:
        self.play(self.say(who, f"/idioma {language}"))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, answer=st.sampled_from(["yes", "no", "unsure"]), more=st.booleans())
    def say_whether_fixed(self, n: int, by: int, answer: str, *, more: bool) -> None:
        code = self.town.code(n)
        self.play(self._judge(code, self.follower(code, by), answer, more=more))

    async def _judge(self, code: str, who: str, answer: str, *, more: bool = False) -> None:
        await self.tap(who, f"/fixed {code} {answer}")
        if answer == "no" and more:
            await self.say(who, f"falta la vereda {self.town.word()}")
        await self.tap(who, "/cancel")

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, stars=st.integers(1, 5))
    def rate(self, n: int, by: int, stars: int) -> None:
        code = self.town.code(n)
        self.play(self.tap(self.follower(code, by), f"/score {code} {stars}"))

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, why=st.sampled_from(["solved", "unneeded", "yes", "no"]))
    def withdraw(self, n: int, by: int, why: str) -> None:
        code = self.town.code(n)
        self.play(self._withdraw_as(self.follower(code, by), code, why))

    async def _withdraw_as(self, who: str, code: str, why: str) -> None:
        await self.tap(who, f"/withdraw {code}")
        await self.choose(who, why)
        await self.tap(who, "/cancel")

    @precondition(has_tickets)
    @rule(n=any_ticket, by=anybody, photo=st.booleans())
    def add(self, n: int, by: int, *, photo: bool) -> None:
        code = self.town.code(n)
        who = self.follower(code, by)
        files = (Attachment("photo", "good"),) if photo else ()
        said = f"/contestar {code} sigue igual {self.town.word()}"
        self.play(self.say(who, said, attachments=files, captioned=photo))
