"""Reading the whole log against its chain, its lines and its head: what is the first thing that is wrong?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from orchestrator.errors import ChainBroken
from orchestrator.language import Text
from orchestrator.model.audit import Anchor, Break, BreakKind, Verification
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import START, Head, read_head
from orchestrator.records.database import database_faults
from orchestrator.records.event_hash import COLUMNS, EventLine, algorithm_of, chained
from orchestrator.records.event_lines import FILE as LINES
from orchestrator.records.event_lines import Lines, read_lines
from orchestrator.records.facts import Ends, Facts, learn, learn_end
from orchestrator.records.fault import store_error
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.models.segment import Segment
from orchestrator.records.segments import FOLDER, DamagedSegment, read_segment

_PAGE = 2000


@dataclass(frozen=True)
class Gap:
    """A sealed stretch that can't be read."""

    segment: Segment
    missing: bool


@dataclass
class Walk:
    """What is known after the events read so far."""

    hashes: dict[int, str]
    zone: tzinfo
    tail: Anchor = START
    segments: tuple[int, ...] = ()
    events: int = 0
    broken: Break | None = None
    unlisted: int | None = None
    """The first event that has no line."""
    acknowledged: list[Text] = field(default_factory=list)
    unseen: list[Text] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    """First events of sealed files that are not there."""
    sealed: set[tuple[int, int, str]] = field(default_factory=set)
    """Segments that an event tells of: first, last, digest."""
    anchored: dict[int, str] = field(default_factory=dict)
    past: hashlib._Hash = field(default_factory=hashlib.sha256)
    """Over all that was read, right or wrong: what is acknowledged must not change again."""
    facts: Facts = field(default_factory=dict)
    """What those events say that are in their chain."""
    ends: Ends = field(default_factory=dict)
    """What they say of runs that are over."""


def verify_log(anchors: Sequence[Anchor] = (), zone: tzinfo = UTC) -> Verification:
    """Read the log from its first event to its last. Changes nothing. As `read_log`."""
    return read_log(anchors, zone)[0]


@database_faults()
def read_log(anchors: Sequence[Anchor] = (), zone: tzinfo = UTC) -> tuple[Verification, Walk]:
    """Read the log from its first event to its last: whether it is sound, and what it says. Changes nothing.

    Args:
        anchors: from paper that was signed; each must be in the log as it says.
        zone: whose clocks tell the times of what was acknowledged.

    Raises:
        StoreError: database or folder can't be read.
    """
    folder = audit_folder()
    head, head_break = _read_head()
    try:
        lines = read_lines(folder)
    except OSError as error:
        raise store_error(error, folder / LINES) from error
    wanted = {one.sequence for one in anchors}
    found = walk(lines.hashes if lines else {}, wanted, zone)
    while found.segments != _segments():  # sealed while we read
        found = walk(lines.hashes if lines else {}, wanted, zone)
    # Events added while we read are vouched for by a head that was written after them.
    later, later_break = _read_head()
    broken = (
        found.broken
        or _of_tail(found, head_break and later_break, later or head, lines)
        or _of_segments(found)
        or _of_lines(found, later or head, lines)
        or _of_anchors(found, anchors, lines)
    )
    tail = found.tail if found.events else None
    told = Verification(found.events, tail, broken, tuple(found.acknowledged), tuple(found.unseen))
    return told, found


def walk(hashes: dict[int, str], anchors: Iterable[int] = (), zone: tzinfo = UTC) -> Walk:
    """Read all events against their chain and their lines."""
    state = Walk(hashes, zone, anchored=dict.fromkeys(anchors, ""), segments=_segments())
    for event, following in _with_next(log_events()):
        if isinstance(event, EventLine):
            _take(state, event, following if isinstance(following, EventLine) else None)
        else:
            _step_over(state, event)
    return state


def read_on(before: Anchor, facts: Facts, end: Anchor) -> Facts | None:
    """What the events say up to `end`, from what was known at `before`.

    None where that can't be told from there: the chain is broken or does not lead to `end`, or somebody took
    note of a break, which concerns all that is before it. Both ends are signed, so the lines are not needed.

    Raises:
        ChainBroken: a sealed file is not there.
    """
    state = Walk({}, UTC, tail=before, facts=facts)
    for event, following in _with_next(log_events(before.sequence)):
        if not isinstance(event, EventLine):
            if event.missing:
                raise _archived(event.segment)
            return None
        if event.sequence > end.sequence:
            break
        if event.kind == EventKind.CHAIN_RESTARTED and before != START:
            return None
        _take(state, event, following if isinstance(following, EventLine) else None)
    return state.facts if state.broken is None and state.tail == end else None


def log_events(after: int = 0) -> Iterator[EventLine | Gap]:
    """Sealed ones first, then page by page those in the database: rows are only added."""
    for segment in Segment.objects.filter(last__gt=after).order_by("first"):
        try:
            yield from read_segment(segment)
        except FileNotFoundError:
            yield Gap(segment, missing=True)
        except DamagedSegment:
            yield Gap(segment, missing=False)
    last = -(2**63)
    while True:
        rows = Event.objects.filter(sequence__gt=last).order_by("sequence")[:_PAGE]
        page = [EventLine(*row) for row in rows.values_list(*COLUMNS)]
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].sequence


def _archived(segment: Segment) -> ChainBroken:
    path = audit_folder() / FOLDER / segment.file
    return ChainBroken(
        Text(
            f"封档文件 {path} 不在，无从证实谁有权决定",
            f"{path} is not there: nothing proves who may decide",
        ),
        Text(
            "从归档取回该文件，校验后可再移走", "bring it back from the archive; it may go again afterwards"
        ),
    )


def _step_over(state: Walk, gap: Gap) -> None:
    segment = gap.segment
    path = audit_folder() / FOLDER / segment.file
    if gap.missing:
        state.missing.append(segment.first)
        state.unseen.append(
            Text(
                f"第 {segment.first}-{segment.last} 个事件未能查看：封档文件 {path} 不在",
                f"events {segment.first}-{segment.last} could not be looked at: {path} is not there",
            )
        )
    else:
        detail = Text(f"{path} 与封存时不同", f"{path} is not what was sealed")
        state.broken = state.broken or Break(BreakKind.SEGMENT, segment.first, detail)
    if (segment.first, segment.previous) != (state.tail.sequence + 1, state.tail.hash):
        detail = Text("封档与前文不衔接", "the segment does not follow what is before it")
        state.broken = state.broken or Break(BreakKind.REMOVED, state.tail.sequence + 1, detail)
    state.tail = Anchor(segment.last, segment.hash)


def _take(state: Walk, event: EventLine, following: EventLine | None) -> None:
    content = event.content()
    wrong = _misplaced(state, event)
    fits = wrong is None and event.hash == chained(
        state.tail.hash, content, algorithm_of(event.hash) or HashAlgorithm.SM3
    )
    if fits:
        # Whether or not its line agrees: so a walk without lines knows the same.
        learn(state.facts, event)
        learn_end(state.ends, event)
    listed = state.hashes.get(event.sequence)
    if wrong is None and not (fits and listed in (None, event.hash)):
        wrong = _name(state, event, following, recomputed=fits)
    if wrong is None:
        _note(state, event)
    state.broken = state.broken or wrong
    if state.unlisted is None and listed is None:
        state.unlisted = event.sequence
    if event.sequence in state.anchored:
        state.anchored[event.sequence] = event.hash
    state.past.update(content + event.hash.encode())
    state.tail = Anchor(event.sequence, event.hash)
    state.events += 1


def _note(state: Walk, event: EventLine) -> None:
    """What a sound event says about the log itself."""
    if event.kind in (EventKind.CHAIN_RESTARTED, EventKind.DATABASE_RESTORED):
        _acknowledge(state, event)
    if event.kind == EventKind.SEGMENT_SEALED:
        data = json.loads(event.data)
        state.sealed.add((data["first"], data["last"], data["digest"]))


def _misplaced(state: Walk, event: EventLine) -> Break | None:
    """Whether there is to be no event here, or another one."""
    expected = state.tail.sequence + 1
    if event.sequence < expected:
        detail = Text("此处不该有事件", "there is no event to be here")
        return Break(BreakKind.INSERTED, event.sequence, detail)
    if event.sequence != expected and _lost(event) != [expected, event.sequence - 1]:
        return Break(
            BreakKind.REMOVED,
            expected,
            Text(f"下一个事件是 {event.sequence}", f"the next one is {event.sequence}"),
        )
    return None


def _name(state: Walk, event: EventLine, following: EventLine | None, *, recomputed: bool) -> Break:
    place, after = event.sequence, following.hash if following else None
    line = state.hashes.get(place)
    belongs = next((at for at, stored in state.hashes.items() if stored == event.hash), None)
    moved = Text("其后的事件被重新编号", "those after it were renumbered")
    if belongs is not None and belongs > place:
        if after == state.hashes.get(belongs + 1):
            return Break(BreakKind.REMOVED, place, moved)
        detail = Text(f"它原是第 {belongs} 个", f"it was event {belongs}")
        return Break(BreakKind.REORDERED, place, detail)
    if line is not None and line == after:
        return Break(BreakKind.INSERTED, place, moved)
    if line is None and belongs is not None:
        return Break(
            BreakKind.INSERTED,
            place,
            Text(f"它是第 {belongs} 个的副本", f"it is a copy of event {belongs}"),
        )
    if recomputed:
        detail = Text("此后的哈希被重新计算", "the hashes from here on were computed anew")
    else:
        detail = Text("内容与其哈希不符", "what it says does not fit its hash")
    return Break(BreakKind.ALTERED, place, detail)


def _acknowledge(state: Walk, event: EventLine) -> None:
    data = json.loads(event.data)
    at = f"{event.at.astimezone(state.zone):%Y-%m-%d %H:%M}"
    if event.kind == EventKind.CHAIN_RESTARTED:
        zh, en = data["found"]
        text = Text(
            f"第 {event.sequence} 个事件（{at}，{event.actor}）记录了断链：{zh}",
            f"event {event.sequence} ({at}, {event.actor}) took note of a break: {en}",
        )
        state.acknowledged.append(text)
        if state.unseen or data["past"] == state.past.hexdigest():
            state.broken = None
        else:
            detail = Text("它确认断链之后，更早的事件又被改动", "what was before it was changed again since")
            state.broken = state.broken or Break(BreakKind.ALTERED, event.sequence, detail)
    elif data.get("lost"):
        first, last = data["lost"]
        by = f"{at}, {event.actor}"
        text = Text(
            f"第 {event.sequence} 个事件（{at}，{event.actor}）恢复了备份，第 {first}-{last} 个事件因此丢失",
            f"event {event.sequence} ({by}) restored a backup: events {first}-{last} were lost",
        )
        state.acknowledged.append(text)


def _lost(event: EventLine) -> object:
    """The numbers that a restored or restarted log leaves out, as its event says."""
    if event.kind not in (EventKind.CHAIN_RESTARTED, EventKind.DATABASE_RESTORED):
        return None
    try:
        return json.loads(event.data).get("lost")
    except (ValueError, AttributeError):
        return None


def _of_tail(found: Walk, wrong: Break | None, head: Head | None, lines: Lines | None) -> Break | None:
    tail = found.tail
    if lines is not None and lines.last > tail.sequence:
        return Break(
            BreakKind.TRUNCATED,
            tail.sequence + 1,
            Text(f"曾有 {lines.last} 个事件", f"there were {lines.last} events"),
        )
    if wrong is not None:
        return wrong
    if head is None:
        if lines is None and _new(tail):
            return None
        return Break(BreakKind.HEAD, None, Text("head.json 不存在", "head.json is missing"))
    if head.allows(tail):
        return None
    confirmed = head.confirmed
    if tail.sequence < confirmed.sequence:
        detail = Text(f"链头为 {confirmed.sequence}", f"the head is at {confirmed.sequence}")
        return Break(BreakKind.TRUNCATED, tail.sequence + 1, detail)
    if found.hashes.get(tail.sequence) == tail.hash:
        detail = Text(
            f"链头停在 {confirmed.sequence}，日志已到 {tail.sequence}：它是旧的",
            f"it stands at {confirmed.sequence}, the log at {tail.sequence}: it is an older one",
        )
        return Break(BreakKind.HEAD, None, detail)
    if tail.sequence > confirmed.sequence:
        detail = Text(f"链头为 {confirmed.sequence}", f"the head is at {confirmed.sequence}")
        return Break(BreakKind.INSERTED, confirmed.sequence + 1, detail)
    return Break(
        BreakKind.ALTERED,
        None,
        Text("整条链被重新计算", "the whole chain was computed anew, and the lines too"),
    )


def _new(tail: Anchor) -> bool:
    """A log without events, or one that the upgrade has just chained: the first event makes its head."""
    upgraded = Event.objects.filter(pk=tail.sequence, kind=EventKind.CHAIN_STARTED)
    return not tail.sequence or upgraded.exists()


def _of_lines(found: Walk, head: Head | None, lines: Lines | None) -> Break | None:
    settled = head.confirmed.sequence if head else 0
    # What a crash left of lines that were being written is mended with the next event.
    writing = head is not None and found.tail in head.pending and lines is not None and lines.last >= settled
    if lines is not None and lines.garbled and not writing:
        detail = Text(f"第 {lines.garbled} 行无法识别", f"line {lines.garbled} is none of ours")
        return Break(BreakKind.LINES, None, detail)
    if found.unlisted is not None and found.unlisted <= settled:
        detail = Text(f"缺少第 {found.unlisted} 个事件", f"event {found.unlisted} is not in it")
        return Break(BreakKind.LINES, None, detail)
    return None


def _of_anchors(found: Walk, anchors: Sequence[Anchor], lines: Lines | None) -> Break | None:
    for anchor in anchors:
        if found.unseen and not found.anchored[anchor.sequence] and anchor.sequence <= found.tail.sequence:
            continue  # said already: it could not be looked at
        lost = lines.hashes.get(anchor.sequence) if lines else None
        stored = found.anchored[anchor.sequence] or (lost if found.acknowledged else None)
        if stored != anchor.hash:
            detail = Text("与纸上的锚点不符", "it is not the one that the paper names")
            return Break(BreakKind.ALTERED, anchor.sequence, detail)
    return None


def _read_head() -> tuple[Head | None, Break | None]:
    folder = audit_folder()
    try:
        return read_head(folder), None
    except ChainBroken as error:
        return None, Break(BreakKind.HEAD, None, error.message)
    except OSError as error:
        raise store_error(error, folder) from error


def _of_segments(found: Walk) -> Break | None:
    """Only what an event of the chain tells of may have left the database."""
    for segment in Segment.objects.order_by("first"):
        known = (segment.first, segment.last, segment.digest) in found.sealed
        # The event that tells of it may itself lie in a later file that is not there.
        if not known and not any(first > segment.first for first in found.missing):
            detail = Text("没有事件记录这次封档", "no event tells that they were sealed")
            return Break(BreakKind.REMOVED, segment.first, detail)
    return None


def _segments() -> tuple[int, ...]:
    return tuple(Segment.objects.order_by("first").values_list("first", flat=True))


def _with_next(
    events: Iterator[EventLine | Gap],
) -> Iterator[tuple[EventLine | Gap, EventLine | Gap | None]]:
    this = next(events, None)
    while this is not None:
        following = next(events, None)
        yield this, following
        this = following
