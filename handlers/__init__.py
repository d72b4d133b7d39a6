"""The table of conversations and commands. Adding a conversation is one file here and one line below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.switchboard import Table
from handlers.account import delete, invite, language, say_help, start, stop, thanks, unknown
from handlers.adding import add_photo
from handlers.blocking import block, told_blocked, unblock
from handlers.bulk import bulk
from handlers.cards import told_card
from handlers.care import correct, hide, told_care
from handlers.claimed import told_claimed
from handlers.digest import digest, told_digest
from handlers.elsewhere import elsewhere
from handlers.fixed import asked_again, fixed
from handlers.follow import mine, reply, told_citizen
from handlers.holding import told_taken_over
from handlers.inbox import view
from handlers.join import join, leave, told_crowd
from handlers.leaving import dismiss, handover, told_dismissed, told_handed_over
from handlers.low_data import full, light, photos
from handlers.maps import show_map
from handlers.merging import merge, split
from handlers.missed import missed
from handlers.moderating import free, reject
from handlers.numbers import numbers, told_numbers
from handlers.outages import told_incident
from handlers.passing import pass_on
from handlers.pending import inbox
from handlers.phone import phone, separate, told_joined, told_separated
from handlers.planning import assign, note, plan, prioritise, told_assigned
from handlers.proving import prove, told_new_manager, told_proof
from handlers.reaching import told_by_sms, told_unreached
from handlers.refile import refile
from handlers.report import report
from handlers.scoring import score
from handlers.searching import search
from handlers.status import resolve, status
from handlers.team import recruit, revoke, team
from handlers.told_office import told_office
from handlers.told_officials import told_official
from handlers.told_silence import request, told_silence, told_waiting
from handlers.unaddressed import welcome_official
from handlers.undoing import undo
from handlers.withdrawing import solved, unneeded, withdraw
from handlers.working import respond, take

if TYPE_CHECKING:
    from bot.conversation import Conversation

# What a command starts, under the command's name; its words are in locales/<language>/commands.toml. A name is stored
# with a running talk: renaming one ends the drafts it holds. "cancel" and "back" belong to the switchboard itself.
BY_COMMAND: dict[str, Conversation] = {
    "report": report,
    "start": start,
    "help": say_help,
    "status": status,
    "mine": mine,
    "reply": reply,
    "fixed": fixed,
    "withdraw": withdraw,
    "solved": solved,
    "unneeded": unneeded,
    "addphoto": add_photo,
    "score": score,
    "language": language,
    "stop": stop,
    "delete": delete,
    "thanks": thanks,
    "unknown": unknown,
    "invite": invite,
    "inbox": inbox,
    "search": search,
    "numbers": numbers,
    "view": view,
    "map": show_map,
    "take": take,
    "respond": respond,
    "resolve": resolve,
    "phone": phone,
    "separate": separate,
    "light": light,
    "full": full,
    "photos": photos,
    "join": join,
    "leave": leave,
    "pass": pass_on,
    "refile": refile,
    "team": team,
    "recruit": recruit,
    "revoke": revoke,
    "transfer": handover,
    "dismiss": dismiss,
    "prove": prove,
    "merge": merge,
    "split": split,
    "hide": hide,
    "correct": correct,
    "free": free,
    "reject": reject,
    "block": block,
    "unblock": unblock,
    "request": request,
    "digest": digest,
    "assign": assign,
    "note": note,
    "priority": prioritise,
    "plan": plan,
    "undo": undo,
    "bulk": bulk,
}

# What begins in another way: a message out of nowhere, a notice.
CONVERSATIONS: dict[str, Conversation] = BY_COMMAND | {
    "welcome-official": welcome_official,
    "told-citizen": told_citizen,
    "asked-again": asked_again,
    "told-claimed": told_claimed,
    "told-card": told_card,
    "told-official": told_official,
    "told-office": told_office,
    "told-joined": told_joined,
    "told-separated": told_separated,
    "elsewhere": elsewhere,
    "told-by-sms": told_by_sms,
    "told-unreached": told_unreached,
    "missed": missed,
    "told-crowd": told_crowd,
    "told-incident": told_incident,
    "told-care": told_care,
    "told-blocked": told_blocked,
    "told-silence": told_silence,
    "told-waiting": told_waiting,
    "told-digest": told_digest,
    "told-numbers": told_numbers,
    "told-proof": told_proof,
    "told-new-manager": told_new_manager,
    "told-handed-over": told_handed_over,
    "told-dismissed": told_dismissed,
    "told-assigned": told_assigned,
    "told-taken-over": told_taken_over,
}
COMMANDS: dict[str, str] = {name: name for name in BY_COMMAND}

TABLE = Table(
    conversations=CONVERSATIONS,
    commands=COMMANDS,
    opening="report",
    official="welcome-official",
    reply="reply",
    status="status",
    drafts=frozenset({"report"}),
    elsewhere="elsewhere",
    undo="undo",
)
