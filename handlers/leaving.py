"""Somebody leaves a team: her rights end at once, and what she had at work goes to a colleague or back to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.choices import Choice, YesNo
from bot.questions import Item
from handlers import notices
from handlers.rights import bodies_for, refused
from handlers.team import label_of, member_name
from handlers.views import body_name, ticket_line
from locales import catalog
from storage import officials, tickets
from storage.codes import show_code
from storage.team import Member, hand_over, is_last_manager, members

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.work import Work

POOL = "pool"
MOST_LISTED = 8


async def handover(chat: Chat) -> None:
    """`/traspasar`: who leaves, and who takes over her open tickets."""
    await _part(chat, "transfer")


async def dismiss(chat: Chat) -> None:
    """`/quitar`: the same with what she had going back to everybody."""
    await _part(chat, "dismiss")


async def _part(chat: Chat, action: str) -> None:
    if await refused(chat, action):
        return None
    team = await members(chat.work, await bodies_for(chat, action), lock=True)
    leaver = await _ask_member(chat, team)
    if is_last_manager(team, leaver):
        return await chat.say("last-manager", body=body_name(chat, leaver.body))
    heir = await _ask_heir(chat, team, leaver) if action == "transfer" and leaver.open else None
    values: dict[str, Any] = {"who": member_name(chat, leaver), "body": body_name(chat, leaver.body)}
    if leaver.open:
        values["open"] = chat.words.plural("open-tickets", leaver.open)
        values["heir"] = member_name(chat, heir) if heir else chat.text("pool")
    if not await chat.ask("sure", YesNo("ask-part" if leaver.open else "ask-part-free", **values)):
        return await chat.say("not-parted")
    await chat.do("parted", lambda: _hand_over(chat, leaver, heir))
    return await chat.say("parted-from" if leaver.open else "parted-free", **values)


async def _ask_member(chat: Chat, team: list[Member]) -> Member:
    several = len({each.body for each in team}) > 1
    offered = tuple(Item(str(each.id), _label(chat, each, several=several)) for each in team)
    chosen = await chat.ask("leaver", Choice(offered, "ask-leaver"))
    return next(each for each in team if str(each.id) == chosen)


def _label(chat: Chat, member: Member, *, several: bool) -> str:
    name = label_of(chat, member)
    return f"{name} ({body_name(chat, member.body)})" if several else name


async def _ask_heir(chat: Chat, team: list[Member], leaver: Member) -> Member | None:
    """Who takes over; None for everybody."""
    heirs = [each for each in team if each.body == leaver.body and each.person_id != leaver.person_id]
    named = [each for each in heirs if not each.group]
    offered = (*(Item(str(each.id), label_of(chat, each)) for each in named), Item(POOL, chat.text("pool"), "👥"))
    chosen = await chat.ask("heir", Choice(offered, "ask-heir", who=member_name(chat, leaver)))
    return next((each for each in named if str(each.id) == chosen), None)


async def _hand_over(chat: Chat, leaver: Member, heir: Member | None) -> int:
    name = member_name(chat, heir) if heir else ""
    return len(await part(chat.work, leaver, heir, language=chat.pack.info.language, name=name, by=_by(chat)))


def _by(chat: Chat) -> tuple[int, int]:
    return chat.person.id, chat.person.address_id


async def part(
    work: Work,
    leaver: Member,
    heir: Member | None,
    *,
    language: str,
    name: str,
    by: tuple[int, int] | None = None,
    why: str = "",
) -> list[str]:
    """Let a member go and tell whom it concerns; the codes of the tickets that went on. See `storage.team.hand_over`.

    The histories tell it in `language`, with the heir's `name`.
    """
    told = name if heir else catalog(language).text("history-back-to-all")
    codes = await hand_over(work, leaver, heir, told=told, by=by, why=why)
    if not await officials.acts_at(work, leaver.address_id):
        take_menu_away(work, leaver)
    here = by[1] if by else None
    key = f"parted:{leaver.id}:{work.now}"
    if leaver.address_id != here and not leaver.group:
        notices.tell(work, leaver.address_id, "told-dismissed", "", 0, key=f"{key}:self", body=leaver.body)
    if codes:
        hearers = [heir.address_id] if heir else await officials.addresses_of(work, leaver.body)
        for each in hearers:
            if each != here:
                data: dict[str, Any] = {"codes": " ".join(codes), "who": leaver.name, "to": "you" if heir else "all"}
                notices.tell(work, each, "told-handed-over", codes[0], 0, key=f"{key}:{each}", **data)
    return codes


async def body_without(chat: Chat) -> str:
    """The body that nobody would look after if this person left; "" where there is none."""
    team = await _teams_of(chat)
    hers = [each for each in team if each.person_id == chat.person.id]
    return next((each.body for each in hers if is_last_manager(team, each)), "")


async def part_from_all(chat: Chat) -> list[Member]:
    """Let this person leave every team, with what she had at work going back to everybody; what she was there."""
    hers = [each for each in await _teams_of(chat) if each.person_id == chat.person.id]
    for each in hers:
        await part(chat.work, each, None, language=chat.pack.info.language, name="", by=_by(chat))
    return hers


async def _teams_of(chat: Chat) -> list[Member]:
    """Everybody of the bodies that she acts for, locked; of a citizen's, who acts for none, nobody."""
    mine = {each.body for each in await members(chat.work, None) if each.person_id == chat.person.id}
    return await members(chat.work, mine, lock=True) if mine else []


def take_menu_away(work: Work, leaver: Member) -> None:
    """Have the messenger show everybody's commands there again, where it shows any."""
    work.post(
        account="errands",
        lane=f"menu:{leaver.address_id}",
        kind="errand",
        payload={"do": "menu", "account": leaver.account, "chat": leaver.external, "language": "", "gone": True},
        effect_key=f"menu-gone:{leaver.id}:{work.now}",
        address_id=leaver.address_id,
    )


async def told_handed_over(chat: Chat) -> None:
    """A colleague left, and these tickets of hers are this official's now, or anybody's."""
    codes = str(chat.args["codes"]).split()
    found = [await tickets.by_code(chat.work, code, lock=False) for code in codes[:MOST_LISTED]]
    listed = [each for each in found if each]
    lines = "\n".join(ticket_line(chat, each, inside=True) for each in listed)
    if len(codes) > MOST_LISTED:
        lines = chat.text("and-more", names=lines, n=len(codes) - MOST_LISTED)
    await chat.say(
        "told-handed-over" if chat.args["to"] == "you" else "told-back-to-all",
        who=str(chat.args["who"]) or chat.text("a-colleague"),
        lines=lines,
        options=tuple(Item(f"/view {each.code}", show_code(each.code)) for each in listed),
        columns=3,
    )


async def told_dismissed(chat: Chat) -> None:
    """She acts for that body no more, and is thanked."""
    await chat.say("told-dismissed", body=body_name(chat, str(chat.args["body"])))
