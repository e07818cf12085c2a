"""Collects all that is wrong, so that it is said at once, and once for all hosts that it is wrong on."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import Diagnostic, InputError, InvalidDocument, InvalidInventory, Position
from orchestrator.language import Language, Text

_NAMED = 8
"""Hosts that are named before the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, without the host that it was found on."""

    rule: str
    """Stable id, kebab-case."""
    message: Text
    hint: Text | None = None
    position: Position | None = None
    """None: the inventory is at fault, not a document."""

    @classmethod
    def of(cls, rule: str, subject: str, error: InputError, position: Position | None = None) -> Complaint:
        """What `error` says, of `subject`: a variable, a parameter."""
        message = Text(f"{subject}：{error.message.zh}", f"{subject}: {error.message.en}")
        return cls(rule, message, error.hint, position)


class Complaints:
    """All of them, in the order in which they were found."""

    def __init__(self, inventory: str = "inventory") -> None:
        """`inventory` stands for the place of what is wrong in no document."""
        self._inventory = Position(inventory)
        self._hosts: dict[Complaint, list[str]] = {}

    def __bool__(self) -> bool:
        """Whether anything is wrong so far."""
        return bool(self._hosts)

    def add(self, host: str, complaint: Complaint) -> None:
        hosts = self._hosts.setdefault(complaint, [])
        if host not in hosts:
            hosts.append(host)

    def raise_any(self) -> None:
        """Nothing, if nothing is wrong.

        Raises:
            InvalidDocument: a document is at fault; what is wrong with the inventory is said too.
            InvalidInventory: the inventory alone is.
        """
        if not self._hosts:
            return
        if not any(complaint.position for complaint in self._hosts):
            raise InvalidInventory(_lines(self._hosts))
        raise InvalidDocument(
            [
                Diagnostic(
                    complaint.position or self._inventory,
                    complaint.rule,
                    _with_hosts(complaint.message, hosts),
                    complaint.hint,
                )
                for complaint, hosts in self._hosts.items()
            ]
        )


def _lines(found: dict[Complaint, list[str]]) -> Text:
    lines = [
        InputError(_with_hosts(complaint.message, hosts), complaint.hint)
        for complaint, hosts in found.items()
    ]
    return Text(
        "\n".join(line.say(Language.ZH) for line in lines), "\n".join(line.say(Language.EN) for line in lines)
    )


def _with_hosts(message: Text, hosts: list[str]) -> Text:
    named = ", ".join(hosts[:_NAMED])
    more = len(hosts) - _NAMED
    zh = f"{named} 等 {len(hosts)} 台" if more > 0 else named
    en = f"{named} and {more} more" if more > 0 else named
    return Text(f"[{zh}] {message.zh}", f"[{en}] {message.en}")
