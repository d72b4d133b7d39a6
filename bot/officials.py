"""The command line, `python -m bot officials`: those who answer for a body, and the invitations to become one."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.console import do, fail, read_settings, show_moment

if TYPE_CHECKING:
    from storage.officials import Pending
    from storage.team import Member

T = TypeVar("T")

app = typer.Typer(help="Those who answer for a body.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The number that `officials list` shows.")]
Why = Annotated[str, typer.Option(help="Why, for the record: the tickets' histories keep it.")]
Bodies = Annotated[list[str] | None, typer.Option(help="The id of a body; give it again for more of them.")]


@app.command("invite")
def invite_official(
    body: Annotated[list[str], typer.Option(help="The id of a body; give it again for more of them.")],
    role: Annotated[str, typer.Option(help="agent, dispatcher or manager.")] = "agent",
    name: Annotated[str, typer.Option(help="For the team's list; citizens read it where the body wants it.")] = "",
    phone: Annotated[str, typer.Option(help="A manager's telephone: her code goes there, by SMS.")] = "",
) -> None:
    """Make a one-time code that makes whoever writes it first an official of these bodies."""
    from bot.entrances import Entrances
    from bot.staffing import invite
    from storage.officials import ROLES

    if role not in ROLES:
        fail(f"--role must be agent, dispatcher or manager, not {role}")
    settings = read_settings()
    code = _done(invite(settings, body, role, name, phone))
    print(f"Code (works once, for 7 days): {code}")
    where = "in a private chat" if role == "manager" else "in any chat or in the body's group"
    print(f"To be written to the bot, {where}: /start invite-{code}")
    configured = settings.twilio_account_sid
    numbers = (settings.twilio_whatsapp_from, settings.twilio_sms_from) if configured else ("", "")
    for _, way in Entrances(None, *numbers).ways(f"invite-{code}"):
        print(way)
    if role == "manager" and not (phone and numbers[1]):
        print(
            "No code can be sent to her by SMS: make sure that it is she, then python -m bot officials confirm NUMBER"
        )


@app.command("list")
def list_officials(body: Bodies = None) -> None:
    """List who acts for which body in which role, and every invitation with what became of it."""
    from bot.staffing import list_team

    members, invites, zone = _done(list_team(read_settings(), body or []))
    for each in members:
        print("  ".join(_member(each, zone)))
    if not members:
        print("Nobody acts for a body yet. Invite somebody: python -m bot officials invite --body ID")
    if invites:
        print("Invitations:")
    for made in invites:
        print("  " + "  ".join(_invite(made, zone)))


@app.command("revoke")
def revoke_invite(mark: Annotated[str, typer.Argument(help="What `officials list` calls the invitation.")]) -> None:
    """Take back an invitation that nobody has used yet."""
    from bot.staffing import revoke

    if not _done(revoke(read_settings(), mark)):
        fail(f"{mark} is no invitation that could still be used")
    print(f"{mark} is good for nothing now.")


@app.command("dismiss")
def dismiss_official(number: Number, reason: Why) -> None:
    """End somebody's rights for a body at once; what she had at work is open to whoever takes it."""
    _let_go(number, None, reason)


@app.command("hand-over")
def hand_over(
    number: Number, to: Annotated[int, typer.Option(help="The number of who takes over.")], reason: Why
) -> None:
    """End somebody's rights for a body at once, and give what she had at work to a colleague."""
    _let_go(number, to, reason)


@app.command("confirm")
def confirm_manager(
    number: Number, reason: Annotated[str, typer.Option(help="How you made sure that it is she; it is kept.")]
) -> None:
    """Let a manager's rights begin without her second proof: make sure first that it is she."""
    from bot.staffing import confirm

    if not reason.strip():
        fail("--reason must say how you made sure")
    bodies = _done(confirm(read_settings(), number, reason.strip()))
    if not bodies:
        fail(f"{number} is no manager who waits to be confirmed")
    print(f"{number} manages now: {', '.join(bodies)}")


def _let_go(number: int, heir: int | None, reason: str) -> None:
    from bot.staffing import let_go
    from storage.codes import show_code

    if not reason.strip():
        fail("--reason must say why")
    leaver, codes, last = _done(let_go(read_settings(), number, heir, why=reason.strip()))
    print(f"{number} acts for {leaver.body} no more.")
    if codes:
        print(f"{'Given on' if heir is not None else 'Open to all again'}: {', '.join(map(show_code, codes))}")
    if last:
        print(f"{leaver.body} has no manager now.")


def _member(each: Member, zone: str) -> tuple[str, ...]:
    where = f"{each.channel} group" if each.group else each.channel
    waits = () if each.role != "manager" or each.proved else ("not confirmed",)
    waits = (f"confirmed by the operator: {each.confirmed}",) if each.confirmed else waits
    return (
        str(each.id),
        each.body,
        each.role,
        each.name or "-",
        where,
        _day(each.since, zone),
        f"{each.open} open",
        *waits,
    )


def _invite(made: Pending, zone: str) -> tuple[str, ...]:
    by = "by the operator" if made.made_by is None else f"by person {made.made_by}"
    return made.mark, made.role, " ".join(made.bodies), made.name or "-", by, _state(made, zone)


def _state(made: Pending, zone: str) -> str:
    if made.revoked_at is not None:
        return f"taken back {_day(made.revoked_at, zone)}"
    if made.used_at is not None:
        whom = f" by person {made.used_by}" if made.used_by is not None else ""
        return f"used {_day(made.used_at, zone)}{whom}"
    return f"until {_day(made.expires_at, zone)}"


def _day(at: float, zone: str) -> str:
    return show_moment(at, zone).partition(" ")[0]


def _done(work: Coroutine[Any, Any, T]) -> T:
    """Run it; what is named and is not there is one line."""
    try:
        return do(work)
    except LookupError as error:
        fail(str(error.args[0]))
