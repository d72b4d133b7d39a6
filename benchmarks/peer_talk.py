"""The same talk as ours, written the way python-telegram-bot's examples write one."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, ContextTypes, ConversationHandler, MessageHandler, filters
from telegram.warnings import PTBUserWarning

from benchmarks.walk import LANGUAGE, pack

CATEGORY, SUBCATEGORY, PLACE, DETAILS, SEND = range(5)
PREVIEW = "Esto va a ver todo el mundo:\n\n{category}\n📍 {place}\n📝 {details}\n📷 Sin fotos\n\n¿Lo mando?"
AGREED = ("sí", "si", "dale", "ok")

Context = ContextTypes.DEFAULT_TYPE
Offered = tuple[tuple[str, str], ...]  # (id, label)


def conversation(*, persistent: bool) -> ConversationHandler[Context]:
    """Hello, group, category, place, details, send."""
    typed = filters.TEXT & ~filters.COMMAND
    with warnings.catch_warnings():
        # It advises to track buttons message by message, which is slower and not needed here.
        warnings.simplefilter("ignore", PTBUserWarning)
        return ConversationHandler(
            entry_points=[MessageHandler(typed, hello)],
            states={
                CATEGORY: [CallbackQueryHandler(hear_group, r"^q1\.category\."), MessageHandler(typed, hear_group)],
                SUBCATEGORY: [CallbackQueryHandler(hear_leaf, r"^q1\.subcategory\."), MessageHandler(typed, hear_leaf)],
                PLACE: [MessageHandler(filters.LOCATION | typed, hear_place)],
                DETAILS: [MessageHandler(typed, hear_details)],
                SEND: [CallbackQueryHandler(send, r"^q1\.send\."), MessageHandler(typed, send)],
            },
            fallbacks=[],
            name="report",
            persistent=persistent,
        )


async def hello(update: Update, context: Context) -> int:
    """Greet and ask for the group."""
    text = "¡Hola! Contame qué problema viste y se lo paso a quien lo arregla.\n\n¿De qué se trata?"
    await reply(update, text, "category", offered(None))
    return CATEGORY


async def hear_group(update: Update, context: Context) -> int:
    """Keep the group and ask for the category."""
    group = heard(update, offered(None))
    if group is None:
        return await again(update, CATEGORY)
    of(context)["group"] = group
    await reply(update, "¿Qué es lo que pasa?", "subcategory", offered(group))
    return SUBCATEGORY


async def hear_leaf(update: Update, context: Context) -> int:
    """Keep the category and ask for the place."""
    leaf = heard(update, offered(of(context)["group"]))
    if leaf is None:
        return await again(update, SUBCATEGORY)
    of(context)["category"] = leaf
    await reply(update, "¿Dónde es? Mandame la ubicación, o escribí la dirección o la esquina.")
    return PLACE


async def hear_place(update: Update, context: Context) -> int:
    """Keep the pin or the words and ask for details."""
    message = update.effective_message
    if message is None:
        return PLACE
    pin = message.location
    of(context)["place"] = (pin.latitude, pin.longitude) if pin else message.text
    await reply(update, "¿Cómo es? Contame el tamaño más o menos y en qué carril o mano está.")
    return DETAILS


async def hear_details(update: Update, context: Context) -> int:
    """Keep the words and show what will be sent."""
    data = of(context)
    data["details"] = update.effective_message.text if update.effective_message else ""
    place = data["place"] if isinstance(data["place"], str) else "la ubicación que mandaste"
    text = PREVIEW.format(category=dict(offered(data["group"]))[data["category"]], place=place, details=data["details"])
    changes = ("send", "✅ Enviar"), ("photos", "📷 Sumar fotos"), ("details", "✏️ Cambiar el texto")
    await reply(update, text, "send", (*changes, ("place", "📍 Cambiar el lugar"), ("category", "🛣️ Cambiar el tema")))
    return SEND


async def send(update: Update, context: Context) -> int:
    """Open the ticket and say its code."""
    typed = update.effective_message.text if update.effective_message else ""
    if update.callback_query is None and (typed or "").lower() not in AGREED:
        return await again(update, SEND)
    data = of(context)
    ticket = {name: data.pop(name) for name in ("group", "category", "place", "details")}
    data.setdefault("tickets", []).append(ticket)
    await reply(update, f"¡Listo! Ya lo tiene la comuna. Tu reclamo es el {update.update_id}.")
    return ConversationHandler.END


async def again(update: Update, state: int) -> int:
    """Say that it was not understood."""
    await reply(update, "No te entendí. Elegí una de las opciones.")
    return state


async def reply(update: Update, text: str, question: str = "", options: Offered = ()) -> None:
    """Send `text`, each option as a button in a row of its own."""
    if update.effective_message:
        await update.effective_message.reply_text(text, reply_markup=keyboard(question, options) if options else None)


def keyboard(question: str, options: Offered) -> InlineKeyboardMarkup:
    """The options as buttons."""
    rows = [[InlineKeyboardButton(label, callback_data=f"q1.{question}.{each}")] for each, label in options]
    return InlineKeyboardMarkup(rows)


@cache
def offered(group: str | None) -> Offered:
    """What can be chosen, from the same pack as ours."""
    categories = pack().groups() if group is None else pack().leaves(group)
    return tuple((each.id, f"{each.icon} {each.name(LANGUAGE)}") for each in categories)


def heard(update: Update, options: Offered) -> str | None:
    """The id of what was tapped or typed."""
    if update.callback_query:
        return str(update.callback_query.data).rpartition(".")[2]
    typed = update.effective_message.text if update.effective_message else ""
    return next((each for each, label in options if typed and label.endswith(typed)), None)


def of(context: Context) -> dict[str, Any]:
    """The person's data."""
    if context.user_data is None:
        raise LookupError("an update without a person")
    return context.user_data
