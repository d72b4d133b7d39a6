"""Questions with a list of answers: one of several, yes or no."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.answers import Found, Pocket, Said, Took, Unclear
from bot.questions import Item, Question
from locales import fold

if TYPE_CHECKING:
    from locales import Catalog


# Labels are few and the same for everybody; a list of categories is compared with every typed answer.
_fold_label = lru_cache(maxsize=4096)(fold)


class Choice(Question):
    """One of several: a tap, a typed number, the typed label, or words that `recognise` knows to mean one.

    With `keeps_words`, longer words in which the choice was recognised stay for the question that wants them: "hay un
    bache enorme en la esquina" is a category and a description, "bache" only a category. Words that choose nothing stay
    too where `tells` says that they tell something. One that `confirms` is never answered by what was said before it.
    """

    def __init__(
        self,
        offered: tuple[Item, ...],
        text: str = "",
        *,
        recognise: Callable[[str], str | None] | None = None,
        hidden: tuple[Item, ...] = (),
        keeps_words: bool = False,
        tells: Callable[[str], bool] | None = None,
        confirms: bool = False,
        columns: int = 1,
        **values: Any,
    ) -> None:
        super().__init__(text, **values)
        self.columns = columns
        self.keeps_words = keeps_words
        self.tells = tells
        self.confirms = confirms
        self.offered = offered
        self.hidden = hidden
        self.recognise = recognise

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return self.offered

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        if said.tapped and self.valid(said.tapped):
            return Took(said.tapped)
        if (value := self._typed(said.text, shown)) is not None and self.valid(value):
            return Took(value, frozenset({"text"}))
        value = self.recognise(said.text) if self.recognise and said.text else None
        if value is None or not self.valid(value):
            return self._unclear(said.text.strip())
        return Took(value, frozenset({"text"}), said.text.strip() if self._tells_more(said.text) else "")

    def find(self, pocket: Pocket, words: Catalog) -> Found | None:
        if self.confirms or not self.recognise or not pocket.words:
            return None
        value = self.recognise(pocket.words)
        if value is None or not self.valid(value):
            return None
        # A word or two under a photo say all that there is to say of it.
        tells = self._tells_more(pocket.words, shown=bool(pocket.media))
        return Found(value, pocket if tells else replace(pocket, words=""))

    def valid(self, value: Any) -> bool:
        return any(item.value == value for item in (*self.offered, *self.hidden))

    def _unclear(self, text: str) -> Unclear:
        telling = text if self.tells and text and self.tells(text) else ""
        return Unclear("unclear-choice" if text else "unclear-choice-needed", words=telling)

    def _tells_more(self, text: str, *, shown: bool = False) -> bool:
        return self.keeps_words and (shown or len(text.split()) > 3 or any(c.isdigit() for c in text))

    def _typed(self, text: str, shown: tuple[str, ...]) -> str | None:
        folded = fold(text)
        if folded.isdecimal() and len(folded) < 4 and 1 <= int(folded) <= len(shown):
            return shown[int(folded) - 1]
        labels = {_fold_label(item.label): item.value for item in (*self.offered, *self.hidden)}
        if folded in labels:
            return labels[folded]
        starts = {value for label, value in labels.items() if len(folded) > 2 and label.startswith(folded)}
        return starts.pop() if len(starts) == 1 else None


class YesNo(Question):
    """Yes or no, in any of a language's words."""

    type: Any = bool
    columns: int = 2

    def items(self, words: Catalog) -> tuple[Item, ...]:
        return Item("yes", words.text("yes")), Item("no", words.text("no"))

    def read(self, said: Said, words: Catalog, shown: tuple[str, ...]) -> Took | Unclear:
        typed = fold(said.text)
        if said.tapped == "yes" or typed in words.yes or typed == "1":
            return Took(True, frozenset({"text"}))
        if said.tapped == "no" or typed in words.no or typed == "2":
            return Took(False, frozenset({"text"}))
        return Unclear("unclear-yes-no")
