"""A conversation is an async function with remembered answers: `Chat` is what it talks to, `run` runs it.

The rules, once:
1. `ask` returns at once when its answer is remembered; else it looks into the pocket; else it says the question and
   suspends. The next message answers it and the function runs again from its top.
2. Whatever is said or done is remembered by name like whatever was heard, so a later run repeats none of it.
3. Forgetting an answer forgets what was said, recalled and looked up after it, never an effect.
4. A name stands for one thing in a run. A run is bounded in steps.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn

import msgspec

from bot.answers import Pocket
from bot.endings import Again, Become, LetGo, ProgrammingError, Suspended
from bot.hearing import answer, overhear, pocket_everything
from bot.messages import CARD, Link, Option, Outbound, Place
from bot.questions import Item, Question
from bot.scene import Limits, LookUp, Scene
from bot.talk import ANSWERS, Memory, Pending, Talk, forget, remember
from locales import catalog
from routing.learning import Learned

MOST_STEPS = 300
MOST_RUNS = 20
# A look-up that has not been answered for so many seconds is asked for once more when somebody writes.
LOOK_UP_PATIENCE = 60.0

Conversation = Callable[["Chat"], Awaitable[None]]


class Chat:
    """What a conversation talks to. Everything it remembers lives in the talk, under names."""

    def __init__(self, scene: Scene, talk: Talk, used: dict[str, str], prefix: str = "") -> None:
        self._scene = scene
        self._talk = talk
        self._used = used
        self._prefix = prefix
        self.args = talk.args
        self.person = scene.person
        self.now = scene.now
        self.words = scene.words
        self.pack = scene.pack
        self.work = scene.work
        self.alone = scene.alone

    @property
    def language(self) -> str:
        """The person's language, as one of ours."""
        return self.words.language

    @property
    def costs(self) -> bool:
        """True where every message costs who writes it: by SMS."""
        return self.person.account.partition(":")[0] == "sms"

    def text(self, key: str, /, **values: Any) -> str:
        """A message as text, to be part of another."""
        return self._scene.text(key, **values)

    def part(self, name: str) -> Chat:
        """The same talk with the names inside `name`: for a conversation that is called twice."""
        return Chat(self._scene, self._talk, self._used, f"{self._prefix}{name}/")

    def heard(self, name: str) -> bool:
        """True when an answer of that name is remembered."""
        memory = self._talk.memory.get(self._prefix + name)
        return memory is not None and memory.kind in ANSWERS

    def answered(self, name: str) -> bool:
        """True when that answer came in a message of its own, and not out of the pocket."""
        memory = self._talk.memory.get(self._prefix + name)
        return memory is not None and memory.kind == "answer" and bool(memory.message)

    def told(self, name: str, kind: Any = str) -> Any:
        """The answer called `name`, as a `kind`, where it is remembered: for what is asked before it. Else None."""
        memory = self._talk.memory.get(self._prefix + name)
        if memory is None or memory.kind not in ANSWERS:
            return None
        try:
            return msgspec.convert(memory.value, kind, strict=False)
        except msgspec.ValidationError:
            return None

    def rejected(self, name: str) -> bool:
        """True while the answer of that name has just been turned back, and is about to be asked for again."""
        return self._prefix + name in self._scene.reasons

    def did(self, name: str) -> bool:
        """True when the effect called `name` has happened."""
        memory = self._talk.memory.get(self._prefix + name)
        return memory is not None and memory.kind == "done"

    @property
    def hears(self) -> bool:
        """True while an answer to what was asked is here and nothing has taken it yet."""
        return self._scene.said is not None and self._talk.pending is not None

    @property
    def pocket(self) -> Pocket:
        """What was said before it was asked."""
        return self._talk.pocket

    @property
    def popularity(self) -> Mapping[str, int]:
        """How many tickets each category has had, for "most used first"."""
        return self._scene.popularity

    @property
    def learned(self) -> Learned:
        """What citizens' words have led to."""
        return self._scene.learned

    @property
    def sms(self) -> str:
        """The account that sends SMS, "" where there is none."""
        return self._scene.sms

    @property
    def limits(self) -> Limits:
        """How many tickets one person may open."""
        return self._scene.limits

    @property
    def network(self) -> str:
        """A mark of the network that the message came from, good for a day; "" where that is not known."""
        return self._scene.network

    def keyed_hash(self, text: str) -> str:
        """What may be kept of a secret that is short enough to be tried out by whoever has only the database."""
        return self._scene.keyed_hash(text)

    def ways(self, payload: str) -> Sequence[tuple[str, str]]:
        """Where else the bot is reached, with something to carry: (kind of channel, link or words) of each way."""
        return self._scene.ways(payload)

    async def bring(self, address_id: int, mark: str) -> bool:
        """Fetch a report that was begun on another address: it goes on here when this conversation has ended."""
        elsewhere = self._scene.elsewhere
        self._scene.brought = await elsewhere.bring(address_id, mark) if elsewhere else None
        return self._scene.brought is not None

    def pass_over(self, mark: str) -> None:
        """Do not offer that report by ourselves again."""
        self._scene.passed = mark

    async def ask(self, name: str, question: Question) -> Any:
        """The answer called `name`: remembered, out of the pocket, or asked for (and then the run ends here)."""
        name = self._use(name, f"ask {type(question).__name__}")
        return answer(self._scene, self._talk, name, question)

    async def listen(self, name: str, question: Question) -> Any:
        """What she says next, where it answers a loose `question` that nobody puts to her in so many words."""
        name = self._use(name, f"listen {type(question).__name__}")
        return overhear(self._scene, self._talk, name, question)

    async def say(
        self,
        key: str,
        /,
        *,
        name: str = "",
        options: tuple[Item, ...] = (),
        place: Place | None = None,
        media: tuple[str, ...] = (),
        link: Link | None = None,
        ticket: str = "",
        columns: int = 1,
        template: str = "",
        about: dict[str, str] | None = None,
        card: str = "",
        **values: Any,
    ) -> None:
        """Say the message `key` once; `options` are shortcuts whose values are commands ("/take K7Q42MX")."""
        name = self._use(name or key, "say")
        if name in self._talk.memory:
            return
        self._talk.memory[name] = Memory("said")
        self._scene.out(
            Outbound(
                text=self._scene.text(key, **values),
                options=tuple(Option(tap=item.value, label=item.label, icon=item.icon) for item in options),
                numbered=False,
                columns=columns,
                place=place,
                media=media,
                link=link,
                ticket=ticket,
                template=template,
                about=about or {},
                card=card,
                silent=card not in ("", CARD),
            )
        )

    async def recall(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` (plain or async) gave the first time, as JSON: for what must not change between two runs."""
        return await self._once(name, "kept", make)

    def revise(self, name: str, value: Any) -> None:
        """Remember something else as recalled under `name`, for all later runs."""
        self._talk.memory[self._prefix + name].value = value

    async def do(self, name: str, make: Callable[[], Any]) -> Any:
        """An effect inside the transaction, once: a later run finds the first result and does nothing."""
        return await self._once(name, "done", make)

    def can_look_up(self, service: str) -> bool:
        """True when this deployment has that service."""
        return service in self._scene.services

    async def look_up(self, name: str, request: dict[str, Any], *, give_up: float | None = None) -> Any:
        """The answer of a service, asked outside the transaction; suspends until it comes.

        Where it has not come after `give_up` seconds, whoever writes meanwhile goes on without it: it is None then.
        """
        name = self._use(name, "look_up")
        if (memory := self._talk.memory.get(name)) and memory.kind == "found":
            return memory.value
        pending = self._talk.pending
        if give_up is not None and pending and pending.name == name and self.now - pending.since > give_up:
            self._talk.memory[name] = Memory("found")
            self._talk.pending = None
            return None
        if waits := pending is not None and pending.name == name:
            self._scene.out(Outbound(text=self.text("one-moment")))
        if not waits or (pending and self.now - pending.since > LOOK_UP_PATIENCE):
            self._talk.looked_up += 1
            self._talk.pending = Pending(name, stamp=self._talk.looked_up, since=self.now)
            self._scene.look_ups.append(LookUp(self._talk.id, name, self._talk.looked_up, request))
        pocket_everything(self._scene, self._talk)
        raise Suspended

    def change(self, *names: str) -> NoReturn:
        """Forget the answers called `names` and ask them anew, leaving the other answers."""
        for name in names:
            forget(self._talk, self._prefix + name)
        raise Again

    def answer_instead(self, name: str, value: Any, *forgotten: str) -> NoReturn:
        """Take `value` for the answer called `name`, forget those called `forgotten`, and run again."""
        for each in (*forgotten, name):
            forget(self._talk, self._prefix + each, anew=False)
        remember(self._talk, self._prefix + name, value)
        raise Again

    def drop_words(self) -> None:
        """Take the words out of the pocket: they have said what they had to say."""
        self._talk.pocket = msgspec.structs.replace(self._talk.pocket, words="")

    def suppose(self, name: str, value: Any) -> None:
        """Remember an answer that follows from the last one: the place of a photo, agreed to."""
        remember(self._talk, self._prefix + name, value)
        self._talk.memory[self._prefix + name].kind = "supposed"

    def speak(self, language: str) -> None:
        """Go on in another language, from this very sentence."""
        self._scene.words = self.words = catalog(language)

    def forget_everything_else(self) -> None:
        """Drop every other talk of this address, drafts included."""
        self._scene.only = self._talk.id

    def fall_silent(self) -> None:
        """Let nothing be asked after this conversation, until she writes again."""
        self._scene.silent = True

    def send_pictures(self) -> None:
        """Let pictures through to whoever wants little data: she has asked for these."""
        self._scene.pictures = True

    def become(self, name: str, **args: Any) -> NoReturn:
        """End here and begin the conversation called `name`."""
        raise Become(name, args)

    def remark(self, key: str, /, **values: Any) -> None:
        """Put the message `key` in front of the next thing said; once in a talk."""
        name = self._use(key, "remark")
        if name not in self._talk.memory:
            self._talk.memory[name] = Memory("said")
            self._scene.remarks.append(self.text(key, **values))

    def link(self, key: str, path: str) -> Link | None:
        """A link to one of our pages under the label `key`; None when this deployment has no public address."""
        return Link(self.text(key), f"{self._scene.public_url}{path}") if self._scene.public_url else None

    def reject(self, name: str, key: str, /, **values: Any) -> NoReturn:
        """The answer called `name` was understood but will not do: say why and ask again."""
        self._scene.reasons[self._prefix + name] = self.text(key, **values)
        self.change(name)

    async def _once(self, name: str, kind: Literal["kept", "done"], make: Callable[[], Any]) -> Any:
        name = self._use(name, kind)
        if (memory := self._talk.memory.get(name)) and memory.kind == kind:
            return memory.value
        made = make()
        value = msgspec.to_builtins(await made if inspect.isawaitable(made) else made)
        self._talk.memory[name] = Memory(kind, value)
        return value

    def _use(self, name: str, what: str) -> str:
        name = self._prefix + name
        if name in self._used:
            raise ProgrammingError(f"{self._talk.name}: the name {name!r} stands for {self._used[name]} and for {what}")
        if len(self._used) >= MOST_STEPS:
            raise ProgrammingError(f"{self._talk.name}: more than {MOST_STEPS} steps in one run, probably a loop")
        self._used[name] = what
        return name


async def run(conversation: Conversation, talk: Talk, scene: Scene) -> bool | Become | LetGo:
    """Run from the top until it waits (False), ends (True), becomes another or lets go."""
    for _ in range(MOST_RUNS):
        try:
            await conversation(Chat(scene, talk, {}))
        except Suspended:
            return False
        except (Become, LetGo) as other:
            return other
        except Again:
            continue
        talk.pending = None
        return True
    raise ProgrammingError(f"{talk.name}: started over more than {MOST_RUNS} times for one message")
