"""The log of events as a chain that can be held against what was written down elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.actor import Actor


@dataclass(frozen=True, slots=True)
class Anchor:
    """One event's place and hash. On a signed sheet of paper it binds the database to that day."""

    sequence: int
    hash: str
    """With its algorithm: `sm3:...` or `sha256:...`."""

    @property
    def short(self) -> str:
        """Enough to tell it from others by eye."""
        algorithm, colon, digest = self.hash.rpartition(":")
        return f"{self.sequence}@{algorithm}{colon}{digest[:12]}"

    def __str__(self) -> str:
        return f"{self.sequence}@{self.hash}"


class BreakKind(StrEnum):
    """What was done to the log."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    HEAD = "head"
    """The signed head is missing, damaged, forged or an older one."""
    LINES = "lines"
    """The file of one line an event is."""
    SEGMENT = "segment"
    """A sealed file is."""

    @property
    def label(self) -> Text:
        return _BREAKS[self]


_BREAKS = {
    BreakKind.ALTERED: Text("被改动", "altered"),
    BreakKind.REMOVED: Text("被删除", "removed"),
    BreakKind.INSERTED: Text("是插入的", "inserted"),
    BreakKind.REORDERED: Text("被调换顺序", "reordered"),
    BreakKind.TRUNCATED: Text("起被截断", "and all after it cut off"),
    BreakKind.HEAD: Text("链头不可信", "the head can't be trusted"),
    BreakKind.LINES: Text("事件行文件不可信", "the file of lines can't be trusted"),
    BreakKind.SEGMENT: Text("封档文件不可信", "a sealed file can't be trusted"),
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing that is wrong with the log."""

    kind: BreakKind
    sequence: int | None
    """The event; None where it is a file that is wrong."""
    detail: Text

    @property
    def text(self) -> Text:
        kind, detail = self.kind.label, self.detail
        if self.sequence is None:
            return Text(f"{kind.zh}：{detail.zh}", f"{kind.en}: {detail.en}")
        return Text(
            f"第 {self.sequence} 个事件{kind.zh}：{detail.zh}",
            f"event {self.sequence} {kind.en}: {detail.en}",
        )


@dataclass(frozen=True, slots=True)
class ForgedRow:
    """A row in the database that is not what was decided, or not what happened."""

    subject: str
    """As events name it: `account wang`, `authorisation 7`, `waiver 3`, `run 4`; also `pause morning`."""
    differs: tuple[str, ...]
    """Details that are not what the events say; none: no event tells of the row at all."""
    missing: bool = False
    """The events tell of it, and it is not there."""

    @property
    def text(self) -> Text:
        kind, _, name = self.subject.partition(" ")
        zh = _ROWS[kind]
        if self.missing:
            return Text(f"{zh} {name} 已从数据库中删除", f"{self.subject} was removed from the database")
        if not self.differs:
            return Text(f"没有事件记录{zh} {name}", f"no event tells of {self.subject}")
        what = ", ".join(self.differs)
        return Text(
            f"{zh} {name} 与审计日志不符（{what}）", f"{self.subject} is not what the log says ({what})"
        )

    @property
    def worth(self) -> Text:
        """What it counts for."""
        return _WORTH.get(self.subject.partition(" ")[0], _NOTHING)


_ROWS = {
    "account": "账号",
    "session": "登录",
    "authorisation": "授权",
    "waiver": "豁免",
    "finding": "发现",
    "pause": "暂停",
    "run": "执行",
}
_NOTHING = Text("不生效", "it grants nothing")
_WORTH = {
    "pause": Text("不起暂停作用", "it pauses nothing"),
    "run": Text("以日志为准", "go by the log"),
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading the whole log found."""

    events: int
    """Read and found in the chain."""
    tail: Anchor | None
    broken: Break | None
    acknowledged: tuple[Text, ...] = ()
    """Breaks, and tails lost by a restore, that an event tells of. They stay breaks."""
    unseen: tuple[Text, ...] = ()
    """What could not be looked at. It may be well or not."""
    forged: tuple[ForgedRow, ...] = ()
    """Rows in the database that are not what the log says was decided."""

    @property
    def sound(self) -> bool:
        return self.broken is None and not self.forged


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event, as listed."""

    sequence: int
    at: datetime
    kind: str
    label: Text
    """Of its kind."""
    actor: Actor
    subject: str
    data: str
    hash: str
