"""A body that stands beside another is to answer too: it is reminded and alarmed until somebody does."""

from __future__ import annotations

from storage import passing
from storage.codes import show_code
from tests.clocked_city import MONDAY, City, moment
from tests.handset import Phone
from tests.machine import texts


async def shared(city: City) -> str:
    """A ticket of comuna-14 that ciudad has beside it: its code."""
    ana = await city.citizen()
    code = await city.open(ana)
    await city.work(lambda work: passing.stand_beside(work, code, ["ciudad"]))
    return code


async def two_bodies(city: City) -> tuple[Phone, Phone, str]:
    """An agent of the body that leads a ticket, one of the body beside it, and the ticket's code."""
    luis, nora = await city.staff("luis", "agent"), await city.staff("nora", "agent", "ciudad")
    return luis, nora, await shared(city)


def marks(said: list[str]) -> list[str]:
    return [text[:1] for text in said]


async def test_both_bodies_are_reminded_and_alarmed_and_one_ladder_is_climbed(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        luis, nora, code = await two_bodies(city)
        boss = await city.staff("boss", "dispatcher", "ciudad")
        for each in (luis, nora, boss):
            await each.news()
        await city.live(moment("2026-03-19T09:00"))
        told = {name: marks(texts(await phone.news())) for name, phone in (("luis", luis), ("nora", nora))}
        assert told["luis"][:2] == told["nora"] == ["⏳", "⏰"]
        assert all(show_code(code) in text for text in texts(nora.heard[-2:]))
        assert marks(texts(await boss.news())) == [], (
            "who coordinates the body beside is on no rung of the other's ladder"
        )


async def test_a_word_of_the_body_beside_is_the_answer(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        luis, nora, code = await two_bodies(city)
        await nora.says(f"/responder {code} lo miramos nosotros esta semana")
        for each in (luis, nora):
            await each.news()
        await city.live(moment("2026-03-16T09:00"))
        assert marks(texts(await luis.news())) == marks(texts(await nora.news())) == []


async def test_closing_is_the_business_of_the_body_that_leads(sqlite_url: str) -> None:
    async with City(sqlite_url, now=MONDAY) as city:
        luis, nora, code = await two_bodies(city)
        await luis.says(f"/tomar {code}")
        for each in (luis, nora):
            await each.news()
        await city.live(moment("2026-04-06T09:00"))
        assert "⏰" in marks(texts(await luis.news()))
        assert marks(texts(await nora.news())) == []
