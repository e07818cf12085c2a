"""Who did something, and how we know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language import Text


class Proof(StrEnum):
    """How well it is known who somebody is."""

    SESSION = "session"
    """Logged in with password and second factor."""
    OS_USER = "os_user"
    """The operating system says so. Good enough to start a read-only round, never for a decision."""
    SINGLE_USER = "single_user"
    """The site is in single-user mode: nobody was asked to prove anything, and each record says so."""
    PROGRAM = "program"
    """No person: the program itself, or a schedule."""

    @property
    def note(self) -> Text | None:
        """What stands behind the name wherever it is shown; None where nothing needs saying."""
        return _NOTES.get(self)


_NOTES = {
    Proof.OS_USER: Text("系统账号，未登录", "account of the machine, not logged in"),
    Proof.SINGLE_USER: Text("单用户演示模式，未核实身份", "single-user demo mode, identity not proven"),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program, for the record."""

    name: str
    """An account's name, an account of the machine, or `wardround`."""
    proof: Proof

    @property
    def label(self) -> Text:
        """As shown to people: `王工`, or `root（系统账号，未登录）`."""
        note = self.proof.note
        return (
            Text(f"{self.name}（{note.zh}）", f"{self.name} ({note.en})")
            if note
            else Text(self.name, self.name)
        )


PROGRAM = Actor("wardround", Proof.PROGRAM)
"""The program itself: it settles what nobody was there to end."""
