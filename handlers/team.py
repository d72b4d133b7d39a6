"""A body's team: how somebody becomes one of it, who is in it, who else is invited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.choices import Choice
from bot.questions import Item, Words
from handlers.phone import channel_name
from handlers.proving import send_code
from handlers.rights import bodies_for, refused
from handlers.views import body_name, day
from routing.phones import read_phone
from storage import officials, people
from storage.officials import DAYS_VALID, ROLES
from storage.team import Member, members

if TYPE_CHECKING:
    from bot.conversation import Chat
    from storage.officials import Invite, Pending

MOST_NAMED = 3
MOST_NAME = 60
ALL = "all"
ROLE_NAMES = {"agent": "role-agent", "dispatcher": "role-dispatcher", "manager": "role-manager"}


async def join(chat: Chat, code: str) -> None:
    """Use an invitation: in a private chat for oneself, in a group for everybody in it."""
    known = await chat.recall("invitation", lambda: officials.look_at_invite(chat.work, code))
    if known and known["role"] == "manager" and chat.person.group:
        return await chat.say("invite-manager-in-private")
    used = await chat.do("invited", lambda: _use_invite(chat, code))
    if not used:
        return await chat.say("invite-unknown")
    await chat.do("menu", lambda: _show_menu(chat))
    await chat.say(
        "invite-welcome",
        bodies=names_of(chat, used),
        options=(Item("/inbox", chat.text("inbox"), "📥"),),
    )
    if known and known["role"] == "manager":
        await send_code(chat)
    return None


async def team(chat: Chat) -> None:
    """`/equipo`: who acts for the manager's bodies, since when, and which invitations are still open."""
    if await refused(chat, "team"):
        return None
    bodies = await bodies_for(chat, "team")
    lines = [member_line(chat, each) for each in await members(chat.work, bodies)]
    waiting = [invite_line(chat, each) for each in await open_invites(chat, bodies)]
    invited = f"\n\n{chat.text('team-invited')}\n" + "\n".join(waiting) if waiting else ""
    options = [Item("/recruit", chat.text("recruit"), "➕"), Item("/transfer", chat.text("handover"), "🤝")]
    if waiting:
        options.append(Item("/revoke", chat.text("revoke"), "🗑"))
    return await chat.say(
        "team",
        bodies=names_of(chat, bodies),
        lines="\n".join(lines),
        invited=invited,
        options=tuple(options),
        columns=2,
    )


async def recruit(chat: Chat) -> None:
    """`/invitar [name]`: a one-time code and links for somebody new."""
    if await refused(chat, "recruit"):
        return None
    mine = await bodies_for(chat, "recruit")
    roles = tuple(Item(role, chat.text(ROLE_NAMES[role])) for role in ROLES)
    role = await chat.ask("role", Choice(roles, "ask-role"))
    bodies = mine
    if len(mine) > 1:
        offered = (*(Item(body, body_name(chat, body)) for body in mine), Item(ALL, chat.text("all-bodies")))
        chosen = await chat.ask("body", Choice(offered, "ask-recruit-body"))
        bodies = mine if chosen == ALL else [chosen]
    name = str(chat.args.get("rest", "")) or await chat.ask("name", Words("ask-recruit-name", most=MOST_NAME))
    second = await _ask_phone(chat) if role == "manager" and chat.sms else ""
    token = await chat.do("made", lambda: _make_invite(chat, bodies, role, name[:MOST_NAME], second))
    ways = "".join(f"\n{way}" for _, way in chat.ways(f"invite-{token}"))
    return await chat.say(
        "invite-made",
        who=name[:MOST_NAME],
        role=chat.text(ROLE_NAMES[role]),
        bodies=names_of(chat, bodies),
        days=DAYS_VALID,
        token=token,
        ways=f"\n\n{chat.text('or-by')}{ways}" if ways else "",
    )


async def _ask_phone(chat: Chat) -> str:
    """The telephone of somebody who is to manage, to which her code goes; "" where that comes to who invites."""
    typed: str = await chat.ask("phone", Words("ask-recruit-phone", most=40, optional=True))
    number = read_phone(typed, chat.pack.info.country) if typed else ""
    if number is None:
        chat.reject("phone", "unclear-phone")
    return number


async def revoke(chat: Chat) -> None:
    """`/revocar`: an invitation that nobody has used yet is good for nothing from now on."""
    if await refused(chat, "revoke"):
        return None
    found = await open_invites(chat, await bodies_for(chat, "revoke"))
    if not found and not chat.did("revoking"):
        return await chat.say("nothing-to-revoke")
    offered = tuple(Item(each.mark, each.name or each.mark) for each in found)
    mark = await chat.ask("which", Choice(offered, "ask-revoke"))
    await chat.do("revoking", lambda: officials.revoke(chat.work, mark))
    return await chat.say("revoked")


async def open_invites(chat: Chat, bodies: list[str]) -> list[Pending]:
    """The invitations that can still be used, for these bodies and no other."""
    usable = await officials.invites(chat.work, usable=True)
    return [each for each in usable if set(each.bodies) <= set(bodies)]


def member_line(chat: Chat, member: Member) -> str:
    """One of the team, in a line; over which channel where it is another than the reader's."""
    parts = [
        label_of(chat, member),
        chat.text(ROLE_NAMES[member.role]) + ("" if proved(member) else f" ({chat.text('unproved')})"),
        *([] if member.channel == chat.person.account.partition(":")[0] else [channel_name(chat, member.account)]),
        chat.text("since", since=day(chat, member.since)),
    ]
    if member.open:
        parts.append(chat.words.plural("in-charge-of", member.open))
    return "\n".join(["• " + " · ".join(parts), *hand_lines(chat, member)])


def hand_lines(chat: Chat, member: Member) -> list[str]:
    """Who of a group has how many of its open tickets; messengers tell of her no more than a number that is ours."""
    return [
        f"   – {chat.text('member-of-group', n=person_id)}: {chat.words.plural('in-charge-of', number)}"
        for person_id, number in member.hands
    ]


def member_name(chat: Chat, member: Member) -> str:
    """What one of the team is called among them."""
    if member.name:
        return member.name
    return chat.text("member-group") if member.group else chat.text("member-unnamed", n=member.id)


def label_of(chat: Chat, member: Member) -> str:
    """The same for a list: whoever reads it finds herself."""
    name, you = member_name(chat, member), chat.text("yourself")
    if member.person_id != chat.person.id:
        return name
    return f"{name} ({you})" if member.name else you


def proved(member: Member) -> bool:
    """False of a manager whose rights have not begun."""
    return member.role != "manager" or member.proved


def invite_line(chat: Chat, each: Pending) -> str:
    """An invitation that waits, in a line."""
    role, until = chat.text(ROLE_NAMES[each.role]), day(chat, each.expires_at)
    return f"{each.name or each.mark} · {role} · {chat.text('until', until=until)}"


def names_of(chat: Chat, bodies: list[str]) -> str:
    """A few bodies by their names, and how many more."""
    named = ", ".join(body_name(chat, body) for body in bodies[:MOST_NAMED])
    return chat.text("and-more", names=named, n=len(bodies) - MOST_NAMED) if len(bodies) > MOST_NAMED else named


def _make_invite(chat: Chat, bodies: list[str], role: str, name: str, second: str) -> str:
    code = officials.new_invite_code(chat.work)
    officials.add_invite(chat.work, code, bodies, role, name, chat.person.id, second)
    return code


def _show_menu(chat: Chat) -> None:
    """Have the messenger show an official's commands in this chat, where it can."""
    chat.work.post(
        account="errands",
        lane=f"menu:{chat.person.address_id}",
        kind="errand",
        payload={"do": "menu", "account": chat.person.account, "chat": chat.person.chat, "language": chat.language},
        effect_key=f"menu:{chat.work.cause}",
        address_id=chat.person.address_id,
    )


async def _use_invite(chat: Chat, code: str) -> list[str]:
    person_id, address_id = chat.person.id, chat.person.address_id
    used: Invite | None = await officials.use_invite(chat.work, code, person_id)
    if used is None:
        return []
    if chat.person.group:
        # The group itself becomes the office: whoever its admins let in may act for the body, there and only there.
        address_id, person_id = await people.make_chat_address(
            chat.work, chat.person.account, chat.person.chat, chat.language
        )
    await officials.appoint(chat.work, person_id, address_id, used.bodies, used.role, used.name)
    return used.bodies
