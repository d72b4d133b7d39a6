"""Who follows which ticket, by what she did and nothing else: reported, joined, left, and what was merged or parted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Followers:
    """`reporter` and `joined` by ticket; `into` is where a merged one leads; `muted` who left that one."""

    reporter: dict[str, str] = field(default_factory=dict)
    joined: dict[str, set[str]] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    muted: set[tuple[str, str]] = field(default_factory=set)

    def opened(self, code: str, who: str) -> None:
        """Somebody reported something."""
        self.reporter[code] = who
        self.joined[code] = set()

    def of(self, code: str) -> set[str]:
        """Everybody who follows a ticket: whoever followed a merged one follows where it led."""
        return {self.reporter[code]} | self.supporters(code) if code in self.reporter else set()

    def supporters(self, code: str) -> set[str]:
        """The same without who reported it."""
        merged = [each for each, lead in self.into.items() if lead == code]
        carried = {who for each in merged for who in self.of(each) if (who, each) not in self.muted}
        return (self.joined[code] | carried) - {self.reporter[code]}

    def lead(self, code: str) -> str:
        """The ticket that stands for this one."""
        while code in self.into:
            code = self.into[code]
        return code

    def join(self, code: str, who: str, *, is_open: bool) -> None:
        """Somebody says that she joins; what is closed nobody joins."""
        if is_open and who not in self.of(code):
            self.joined[code].add(who)

    def leave(self, code: str, who: str) -> None:
        """Somebody says that she wants to hear no more of it; who reported it stays."""
        lead = self.lead(code)
        if self.reporter[lead] == who or who not in self.of(lead):
            return
        self.joined[lead].discard(who)
        for merged in [each for each, to in self.into.items() if to == lead]:
            self.joined[merged].discard(who)
            if who in self.of(merged):
                self.muted.add((who, merged))

    def merge(self, code: str, into: str) -> None:
        """One became a double of another."""
        self.into[code] = into
        self.muted = {each for each in self.muted if each[1] != code}

    def split(self, code: str) -> None:
        """They were two after all."""
        self.into.pop(code, None)
        self.muted = {each for each in self.muted if each[1] != code}
