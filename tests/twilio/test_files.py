"""Files that come by Twilio: fetched, kept, and only then deleted there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels import SendError
from bot.channels.sms import SmsChannel
from bot.channels.twilio_api import Api
from bot.errands import MOST_FETCHES, MOST_FORGETS, Errands
from bot.jobs import Job
from bot.spool import Spool
from storage.media import MediaStore
from storage.schema import media, outbox
from tests.fakes.twilio import FakeTwilio
from tests.machine import Machine
from tests.phones.pictures import picture
from tests.stage import Bench
from tests.twilio.front import ACCOUNTS, called

ROSA = "+5491155550001"


class Desk:
    """A machine whose files are really fetched, and somebody who sends one."""

    def __init__(self, machine: Machine, fake: FakeTwilio, api: Api, store: MediaStore) -> None:
        self.machine = machine
        self.fake = fake
        self.errands = Errands(
            database=machine.database,
            intake=machine.intake,
            store=store,
            workbench=Bench(),
            channels={ACCOUNTS["sms"]: SmsChannel(fake.sms_from, api)},
            services={},
        )

    async def sends(self, data: bytes, mime: str) -> None:
        """Rosa sends a file."""
        rosa = self.fake.phone(ROSA)
        if mime == "text/vcard":
            rosa.shares_contact(data)
        else:
            rosa.sends_photo(data, mime=mime)
        await self.fake.settled()

    async def fetch(self, attempts: int = 0) -> None:
        """Do the errand, as the sender does after so many failures."""
        (row,) = await self.machine.rows(select(outbox).where(outbox.c.kind == "errand"))
        job = Job(
            id=row.id,
            account="errands",
            lane=row.lane,
            kind="errand",
            effect_key=row.effect_key,
            address="",
            address_id=row.address_id,
            payload=row.payload,
            attempts=attempts,
        )
        await self.errands.perform(job)

    async def status(self) -> str:
        """What became of the file here."""
        return str(await self.machine.one(select(media.c.status)))

    @property
    def deletions(self) -> int:
        """How often Twilio was asked to delete something."""
        return sum(call.method == "DELETE" for call in self.fake.calls)


@pytest.fixture
async def desk(fake: FakeTwilio, api: Api, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    spool = Spool(tmp_path / "spool")
    spool.open()
    async with Machine(sqlite_url) as machine, called(fake, machine.intake, spool):
        yield Desk(machine, fake, api, MediaStore.open("memory://"))


async def test_a_file_is_deleted_at_twilio_once_it_is_kept_here(desk: Desk) -> None:
    await desk.sends(picture(), "image/jpeg")
    ref = str(await desk.machine.one(select(media.c.ref)))
    await desk.fetch()
    assert (await desk.status(), desk.deletions) == ("kept", 1)
    assert desk.fake.files.get(ref.rpartition("/")[2]) is None
    assert await desk.machine.one(select(media.c.ref)) == ""
    # The errand comes again after a crash, and has nothing left to do.
    await desk.fetch()
    assert desk.deletions == 1


async def test_a_file_that_could_not_be_kept_stays_at_twilio(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.sends(picture(), "image/jpeg")

    async def refuse(self: MediaStore, data: bytes, mime: str) -> str:
        raise SendError("not_sent", "the media store is away")

    monkeypatch.setattr(MediaStore, "put", refuse)
    with pytest.raises(SendError):
        await desk.fetch()
    assert (await desk.status(), desk.deletions) == ("pending", 0)


async def test_a_crash_between_keeping_and_deleting_is_made_up_for(desk: Desk) -> None:
    await desk.sends(picture(), "image/jpeg")
    desk.fake.trouble.fail(method="DELETE", path="/Media/")
    with pytest.raises(SendError):
        await desk.fetch()
    assert await desk.status() == "kept"
    # It was told at once all the same; the second time changes nothing but that.
    before = await desk.machine.dump("ref")
    await desk.fetch(attempts=1)
    assert await desk.machine.dump("ref") == before
    assert desk.deletions == 2


async def test_a_file_that_twilio_has_no_more_is_deleted_enough(desk: Desk) -> None:
    await desk.sends(picture(), "image/jpeg")
    # Deleted, and the answer lost: aiohttp itself asks once more.
    desk.fake.trouble.lose(method="DELETE", path="/Media/")
    await desk.fetch()
    assert (desk.deletions, await desk.machine.one(select(media.c.ref))) == (2, "")


async def test_a_file_that_could_never_be_fetched_is_not_deleted(desk: Desk) -> None:
    await desk.sends(picture(), "image/jpeg")
    desk.fake.trouble.fail(1, status=500, method="GET", path="/Media/ME")
    await desk.fetch(MOST_FETCHES - 1)
    assert (await desk.status(), desk.deletions) == ("refused", 0)


@pytest.mark.parametrize("status", [401, 500])
async def test_a_deletion_that_never_works_fails_no_errand(desk: Desk, status: int) -> None:
    await desk.sends(picture(), "image/jpeg")
    desk.fake.trouble.fail(MOST_FORGETS, status=status, method="DELETE", path="/Media/")
    for attempts in range(MOST_FORGETS - 1):
        with pytest.raises(SendError) as caught:
            await desk.fetch(attempts)
        # Neither class stops or drops anything else that is fetched.
        assert caught.value.kind == "server"
    await desk.fetch(MOST_FORGETS - 1)
    assert await desk.status() == "kept"


async def test_a_shared_contact_is_told_to_be_one_and_proves_nothing(desk: Desk) -> None:
    rosa = desk.machine.phone(ROSA, account=ACCOUNTS["sms"])
    await rosa.says("bache")
    await rosa.news()
    await desk.sends(b"BEGIN:VCARD\nTEL:+5491155559999\nEND:VCARD", "text/vcard")
    await desk.fetch()
    # Somebody else's number, which nobody asked her for, stays with no provider of ours.
    assert (desk.deletions, await desk.machine.one(select(media.c.ref))) == (1, "")
    await desk.machine.wait(5)
    assert await desk.status() == "refused"
    assert any("Eso es un contacto" in said.text for said in await rosa.news())
