"""The Bot API's methods on the fake Telegram: what they change, and what they answer."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram_people import Button, Card, FakeChat, FakeGroup, FakeUser, Shown
from tests.fakes.telegram_rules import Params
from tests.fakes.telegram_trouble import ApiError, Uploads

if TYPE_CHECKING:
    from tests.fakes.telegram import FakeTelegram

GET_FILE_BYTES = 20 * 1024 * 1024


class Methods:
    """One coroutine per method; what is here is what the bot may call."""

    def __init__(self, fake: FakeTelegram) -> None:
        self.fake = fake
        self.table: dict[str, Callable[[Params, Uploads], Awaitable[Any]]] = {
            "getMe": self.get_me,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
            "getUpdates": self.get_updates,
            "sendMessage": self.send_message,
            "sendPhoto": self.send_photo,
            "sendVideo": self.send_played,
            "sendVoice": self.send_played,
            "sendDocument": self.send_document,
            "sendMediaGroup": self.send_media_group,
            "sendLocation": self.send_place,
            "sendVenue": self.send_place,
            "sendChatAction": self.send_chat_action,
            "answerCallbackQuery": self.answer_callback_query,
            "editMessageReplyMarkup": self.edit_message_reply_markup,
            "editMessageText": self.edit_message_text,
            "editMessageCaption": self.edit_message_caption,
            "setMyCommands": self.set_my_commands,
            "deleteMyCommands": self.delete_my_commands,
            "getFile": self.get_file,
        }

    async def get_me(self, params: Params, uploads: Uploads) -> Card:
        more = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return self.fake.bot_card | more

    async def set_webhook(self, params: Params, uploads: Uploads) -> bool:
        updates = self.fake.updates
        if "allowed_updates" in params:
            updates.allowed = params["allowed_updates"] or None
        await updates.set_webhook(params["url"], params.get("secret_token", ""), params.get("max_connections", 40))
        return True

    async def delete_webhook(self, params: Params, uploads: Uploads) -> bool:
        await self.fake.updates.set_webhook("", "", 1)
        return True

    async def get_webhook_info(self, params: Params, uploads: Uploads) -> Card:
        updates = self.fake.updates
        info = {
            "url": updates.webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.waiting),
        }
        return info | ({"last_error_message": updates.webhook.last_error} if updates.webhook.last_error else {})

    async def get_updates(self, params: Params, uploads: Uploads) -> list[Card]:
        updates = self.fake.updates
        if updates.webhook.url:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active")
        if "allowed_updates" in params:
            updates.allowed = params["allowed_updates"] or None
        wait = min(params.get("timeout", 0), 50)
        batch = await updates.poll(params.get("offset", 0), params.get("limit", 100), wait)
        if batch is None:
            raise ApiError(409, "Conflict: terminated by other getUpdates request")
        return batch

    async def send_message(self, params: Params, uploads: Uploads) -> Card:
        return self._show(params, "text", {"text": params["text"]})

    async def send_photo(self, params: Params, uploads: Uploads) -> Card:
        return self._show(params, "photo", self.fake.files.photo(self._bytes(params, uploads, "photo")))

    async def send_played(self, params: Params, uploads: Uploads) -> Card:
        kind = "video" if "video" in params or "video" in uploads else "voice"
        mime = "video/mp4" if kind == "video" else "audio/ogg"
        return self._show(params, kind, self.fake.files.played(kind, self._bytes(params, uploads, kind), mime, 1))

    async def send_document(self, params: Params, uploads: Uploads) -> Card:
        data = self._bytes(params, uploads, "document")
        return self._show(params, "document", self.fake.files.document(data, "application/octet-stream", "file"))

    async def send_media_group(self, params: Params, uploads: Uploads) -> list[Card]:
        album = str(14_000_000_000 + self.fake.count())
        shown = []
        for item in params["media"]:
            kind, data = item["type"], self._resolve(item["media"], uploads)
            content = (
                self.fake.files.photo(data) if kind == "photo" else self.fake.files.played(kind, data, "video/mp4", 1)
            )
            each = {key: value for key, value in params.items() if key != "media"} | {
                "caption": item.get("caption", "")
            }
            shown.append(self._show(each, kind, content | {"media_group_id": album}))
        return shown

    async def send_place(self, params: Params, uploads: Uploads) -> Card:
        point = {"latitude": params["latitude"], "longitude": params["longitude"]}
        if "title" not in params:
            return self._show(params, "location", {"location": point})
        venue = {"location": point, "title": params["title"], "address": params["address"]}
        return self._show(params, "venue", {"location": point, "venue": venue})

    async def send_chat_action(self, params: Params, uploads: Uploads) -> bool:
        self._chat(params)
        return True

    async def answer_callback_query(self, params: Params, uploads: Uploads) -> bool:
        query = params["callback_query_id"]
        if query not in self.fake.pressed:
            description = "Bad Request: query is too old and response timeout expired or query ID is invalid"
            raise ApiError(400, description)
        self.fake.answered.append(query)
        self.fake.told.append((params.get("text", ""), params.get("show_alert", False)))
        return True

    async def edit_message_reply_markup(self, params: Params, uploads: Uploads) -> Card:
        chat = self._chat(params)
        shown = next((each for each in chat.chat if each.id == params["message_id"]), None)
        if shown is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        keyboard, rows = _rows(params.get("reply_markup") or {})
        if rows == shown.rows:
            raise ApiError(400, "Bad Request: message is not modified")
        shown.keyboard, shown.rows = keyboard, rows
        return shown.raw

    async def edit_message_text(self, params: Params, uploads: Uploads) -> Card:
        return self._edit(params, "text")

    async def edit_message_caption(self, params: Params, uploads: Uploads) -> Card:
        return self._edit(params, "caption")

    def _edit(self, params: Params, what: str) -> Card:
        chat = self._chat(params)
        shown = next((each for each in chat.chat if each.id == params["message_id"]), None)
        if shown is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        if (shown.kind == "text") != (what == "text"):
            raise ApiError(400, f"Bad Request: there is no {what} in the message to edit")
        keyboard, rows = _rows(params.get("reply_markup") or {})
        if (shown.text, shown.rows) == (params.get(what, ""), rows):
            same = "specified new message content and reply markup are exactly the same as a current content"
            raise ApiError(400, f"Bad Request: message is not modified: {same} and reply markup of the message")
        shown.text, shown.keyboard, shown.rows = params.get(what, ""), keyboard, rows
        shown.raw = chat.keep(shown.raw | {what: shown.text, "edit_date": int(time.time())})
        return shown.raw

    async def set_my_commands(self, params: Params, uploads: Uploads) -> bool:
        commands = [(each["command"], each["description"]) for each in params["commands"]]
        self.fake.menus[_scope(params), params.get("language_code", "")] = commands
        return True

    async def delete_my_commands(self, params: Params, uploads: Uploads) -> bool:
        self.fake.menus.pop((_scope(params), params.get("language_code", "")), None)
        return True

    async def get_file(self, params: Params, uploads: Uploads) -> Card:
        file_id = params["file_id"]
        data = self.fake.files.get(file_id)
        if data is None:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(data) > GET_FILE_BYTES:
            raise ApiError(400, "Bad Request: file is too big")
        size = len(data) if self.fake.files.claimed_size is None else self.fake.files.claimed_size
        told = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": size}
        return told | {"file_path": self.fake.files.link(file_id)}

    def _chat(self, params: Params) -> FakeChat:
        chat = self.fake.chats.get(int(params["chat_id"]))
        if chat is None or (isinstance(chat, FakeUser) and not chat.started):
            raise ApiError(400, "Bad Request: chat not found")
        if isinstance(chat, FakeUser) and chat.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if isinstance(chat, FakeGroup) and chat.moved_to:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, description, migrate_to_chat_id=chat.moved_to)
        if isinstance(chat, FakeGroup) and not chat.bot_inside:
            raise ApiError(403, "Forbidden: bot was kicked from the group chat")
        return chat

    def _bytes(self, params: Params, uploads: Uploads, name: str) -> bytes:
        return uploads[name] if name in uploads else self._resolve(params[name], uploads)

    def _resolve(self, reference: str, uploads: Uploads) -> bytes:
        name = reference.removeprefix("attach://")
        if name != reference and name in uploads:
            return uploads[name]
        if (data := self.fake.files.get(reference)) is not None:
            return data
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")

    def _show(self, params: Params, kind: str, content: Card) -> Card:
        chat = self._chat(params)
        caption = {"caption": params["caption"]} if params.get("caption") else {}
        message = {
            "message_id": chat.new_id(),
            "from": self.fake.bot_card,
            "chat": chat.card,
            "date": int(time.time()),
            **self._topic(chat, params),
            **content,
            **caption,
        }
        answered = self._answered(chat, params)
        if answered:
            message["reply_to_message"] = chat.history[answered]
        chat.keep(message)
        chat.show(self._shown(chat, kind, message, params, answered))
        return message

    def _topic(self, chat: FakeChat, params: Params) -> Card:
        topic = params.get("message_thread_id")
        if topic is None:
            return {}
        if not isinstance(chat, FakeGroup) or topic not in chat.topics:
            raise ApiError(400, "Bad Request: message thread not found")
        return {"message_thread_id": topic, "is_topic_message": True}

    def _answered(self, chat: FakeChat, params: Params) -> int:
        reply = params.get("reply_parameters")
        if reply is None or reply["message_id"] in chat.history:
            return int(reply["message_id"]) if reply else 0
        if not reply.get("allow_sending_without_reply"):
            raise ApiError(400, "Bad Request: message to be replied not found")
        return 0

    def _shown(self, chat: FakeChat, kind: str, message: Card, params: Params, answered: int) -> Shown:
        keyboard, rows = _rows(params.get("reply_markup") or {})
        point = message.get("location")
        return Shown(
            id=message["message_id"],
            chat=chat,
            kind=kind,
            text=message.get("text") or message.get("caption") or "",
            rows=rows,
            keyboard=keyboard,
            file=self.fake.files.carried(message),
            place=(point["latitude"], point["longitude"]) if point else None,
            venue=message.get("venue", {}).get("title", ""),
            reply_to=answered,
            silent=bool(params.get("disable_notification")),
            album=message.get("media_group_id", ""),
            topic=message.get("message_thread_id", 0),
            raw=message,
        )


def _rows(markup: Card) -> tuple[str, list[list[Button]]]:
    if "inline_keyboard" in markup:
        rows = markup["inline_keyboard"]
        return "inline", [
            [Button(b["text"], b.get("callback_data", ""), b.get("url", "")) for b in row] for row in rows
        ]
    if "keyboard" in markup:
        return "reply", [[Button(b["text"], asks=_asks(b)) for b in row] for row in markup["keyboard"]]
    return ("remove" if "remove_keyboard" in markup else ""), []


def _asks(button: Card) -> str:
    if button.get("request_location"):
        return "location"
    return "contact" if button.get("request_contact") else ""


def _scope(params: Params) -> str:
    scope = params.get("scope") or {"type": "default"}
    return str(scope["type"]) if "chat_id" not in scope else f"chat {json.dumps(scope['chat_id'])}"
