"""What is deleted and what stays when somebody wants her data gone: her tickets are public facts, she is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, and_, case, cast, delete, exists, func, literal, or_, select, update

from storage.schema import (
    address,
    inbox,
    invite,
    media,
    official,
    outbox,
    person,
    supporter,
    ticket,
    ticket_media,
    verdict,
)
from storage.schema import update as ticket_update

if TYPE_CHECKING:
    from storage.people import Person
    from storage.work import Work


async def erase_person(work: Work, found: Person) -> None:
    """Delete what we know of a person but the address in use, over which she still hears that it is done.

    Her tickets stay as public facts, without her, as the public reads them, and without her words in their histories.
    What she did as an official stays hers by a number that tells nobody who she was: an audit has no holes.
    """
    work.people_changed = True
    mine = select(address.c.id).where(address.c.person_id == found.id)
    public = func.coalesce(ticket.c.public_words, ticket.c.words)
    reports = update(ticket).where(ticket.c.person_id == found.id)
    await work.execute(reports.values(person_id=None, address_id=None, words=public))
    await work.execute(update(ticket).where(ticket.c.taken_by == found.id).values(taken_by=None))
    history = update(ticket_update).where(ticket_update.c.person_id == found.id)
    hers_alone = history.where(ticket_update.c.actor == "citizen")
    await work.execute(hers_alone.values(person_id=None, address_id=None, words="", public_words=None))
    acted = ticket_update.c.actor == "official"
    await work.execute(history.where(acted).values(address_id=None))
    await work.execute(history.where(~acted).values(person_id=None, address_id=None))
    await work.execute(delete(supporter).where(supporter.c.person_id == found.id))
    await work.execute(delete(verdict).where(verdict.c.person_id == found.id))
    await work.execute(delete(official).where(official.c.person_id == found.id))
    await work.execute(update(invite).where(invite.c.used_by == found.id).values(second=""))
    shown = select(ticket_media.c.media_id)
    await work.execute(delete(media).where(media.c.address_id.in_(mine), media.c.id.not_in(shown)))
    hers = update(media).where(media.c.address_id.in_(mine))
    await work.execute(hers.where(media.c.status == "pending").values(status="refused", reason="media-gone"))
    await work.execute(hers.values(address_id=None, ref="", lat=None, lon=None))
    await work.execute(update(inbox).where(inbox.c.address_id.in_(mine)).values(body=literal("")))
    await work.execute(delete(outbox).where(outbox.c.address_id.in_(mine), outbox.c.kind != "timer"))
    others = select(address.c.id).where(address.c.person_id == found.id, address.c.id != found.address_id)
    await work.execute(delete(outbox).where(outbox.c.address_id.in_(others)))
    await work.execute(update(inbox).where(inbox.c.address_id.in_(others)).values(key=ERASED_KEY, address_id=None))
    await work.execute(delete(address).where(address.c.person_id == found.id, address.c.id != found.address_id))


# A provider's key may hold the address; by the time of erasing nobody delivers that message again. Only a message id of
# Twilio's stays: it tells of nobody, and without it the sweep would bring her words back out of Twilio's list.
TWILIOS_OWN = and_(func.length(inbox.c.key) == 34, or_(inbox.c.key.like("SM%"), inbox.c.key.like("MM%")))
ERASED_KEY = case((TWILIOS_OWN, inbox.c.key), else_=literal("erased:").concat(cast(inbox.c.id, String)))


async def erase_address(work: Work, found: Person) -> None:
    """Delete the last that was left of an erased person: the address, and she with it."""
    work.people_changed = True
    await work.execute(delete(outbox).where(outbox.c.address_id == found.address_id))
    left = update(inbox).where(inbox.c.address_id == found.address_id)
    await work.execute(left.values(key=ERASED_KEY, address_id=None, body=literal("")))
    await work.execute(delete(address).where(address.c.id == found.address_id))
    elsewhere = exists().where(address.c.person_id == found.id)
    # Her number is given to nobody else while an audit names it.
    acted = exists().where(or_(ticket_update.c.person_id == found.id, ticket_update.c.whom == found.id))
    await work.execute(delete(person).where(person.c.id == found.id, ~elsewhere, ~acted))
