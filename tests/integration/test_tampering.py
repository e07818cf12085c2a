"""However the log of events is tampered with, at any place of any log, the first bad event is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from orchestrator.model.audit import Anchor, BreakKind
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.audit_place import audit_folder, keep_head_in
from orchestrator.records.chain_head import FILE as HEAD
from orchestrator.records.chain_tail import sound_anchor
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.event_hash import EventLine
from orchestrator.records.event_lines import FILE as LINES
from orchestrator.records.events import append_events
from orchestrator.records.models import Segment
from orchestrator.records.models.event import EventKind
from orchestrator.records.sealing import seal_events
from tests.rounds import START, WANG
from tests.tampering import recomputed, renumbered, replace_log, stored_log, triggers_lifted

Events = list[EventLine]
Tampering = Callable[[DataObject, Events, int], Events]
"""The events as they are afterwards; the one at the index is the first that is wrong."""
TEXT = st.text(max_size=12)
BATCHES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(HashAlgorithm), st.dictionaries(TEXT, TEXT | st.floats())),
    min_size=1,
    max_size=4,
)
"""Transactions: how many events each adds, hashed how, and what they say."""
often = settings(
    max_examples=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""One database serves all examples. Without shrinking, as each takes a disk some writes."""
seldom = settings(often, max_examples=10)


@pytest.fixture
def numbered_folders(tmp_path: Path, database: Path) -> Callable[[], Path]:
    numbers = count(1)
    return lambda: tmp_path / f"audit{next(numbers)}"


def with_column(event: EventLine, column: str, text: str) -> EventLine:
    changes: dict[str, Any] = {column: text}
    return replace(event, **changes)


def alter(data: DataObject, events: Events, place: int) -> Events:
    event = events[place]
    column = data.draw(st.sampled_from(["at", "kind", "actor", "proof", "subject", "data", "hash"]))
    if column == "at":
        changed = replace(
            event, at=event.at + data.draw(st.timedeltas(timedelta(microseconds=1), timedelta(9)))
        )
    elif column == "hash":
        others = [other.hash for other in events if other is not event]
        changed = replace(event, hash=data.draw(st.sampled_from(["", "sm3:00", "md5:00", *others])))
    else:
        # Even a kind that explains breaks away, and data that are no JSON.
        wrong = ["", "x", "chain_restarted", "database_restored", "segment_sealed", '{"lost": [1, 2]}']
        text = data.draw(st.sampled_from(wrong).filter(lambda text: text != getattr(event, column)))
        changed = with_column(event, column, text[:16] if column == "proof" else text)
    return [*events[:place], changed, *events[place + 1 :]]


def remove(data: DataObject, events: Events, place: int) -> Events:
    """One or some, with those after them renumbered or not."""
    stop = data.draw(st.integers(place + 1, len(events)))
    after = events[stop:]
    if data.draw(st.booleans()):
        after = renumbered(after, events[place].sequence)
    return [*events[:place], *after]


def insert(data: DataObject, events: Events, place: int) -> Events:
    """New ones or copies, before an event, with those after them renumbered."""
    copied = data.draw(st.sampled_from(events))
    forged = replace(copied, hash=data.draw(st.sampled_from([copied.hash, "sm3:00"])))
    # A copy of the very event would be what belongs there.
    if forged == events[place] or data.draw(st.booleans()):
        forged = replace(forged, subject="forged")
        if data.draw(st.booleans()):
            forged = recomputed([*events[:place], forged], place, HashAlgorithm.SM3)[-1]
    more = data.draw(st.integers(1, 3))
    return [*events[:place], *renumbered([*[forged] * more, *events[place:]], events[place].sequence)]


def append(data: DataObject, events: Events, place: int) -> Events:
    """At the tail, hashed as it should be or not."""
    forged = replace(events[place - 1], sequence=events[place - 1].sequence + 1, subject="forged")
    longer = [*events, forged]
    return recomputed(longer, place, HashAlgorithm.SM3) if data.draw(st.booleans()) else longer


def swap(data: DataObject, events: Events, place: int) -> Events:
    other = data.draw(st.integers(place + 1, len(events) - 1))
    swapped = list(events)
    swapped[place], swapped[other] = swapped[other], swapped[place]
    return renumbered(swapped, events[0].sequence)


def cut(data: DataObject, events: Events, place: int) -> Events:
    """The tail, with another one in its place or not."""
    if not data.draw(st.booleans()):
        return events[:place]
    another = [replace(event, subject="forged") for event in events[place:]]
    return recomputed([*events[:place], *another], place, HashAlgorithm.SM3)


def recompute(data: DataObject, events: Events, place: int) -> Events:
    """All hashes after a change, so that the database is a chain again."""
    change = data.draw(st.sampled_from([remove, insert, swap] if place < len(events) - 1 else [insert]))
    if data.draw(st.booleans()):
        column = data.draw(st.sampled_from(["kind", "actor", "proof", "subject", "data"]))
        changed = [*events[:place], with_column(events[place], column, "forged"), *events[place + 1 :]]
    else:
        changed = renumbered(change(data, events, place), events[0].sequence)
    return recomputed(changed, place, data.draw(st.sampled_from(HashAlgorithm)))


WAYS: tuple[Tampering, ...] = (alter, remove, insert, append, swap, cut, recompute)
KINDS: dict[Tampering, frozenset[BreakKind]] = {
    # A hash may be another event's own.
    alter: frozenset({BreakKind.ALTERED, BreakKind.REORDERED, BreakKind.REMOVED}),
    remove: frozenset({BreakKind.REMOVED, BreakKind.TRUNCATED}),
    # Copies of an event further down look as if it had been moved.
    insert: frozenset({BreakKind.INSERTED, BreakKind.REORDERED, BreakKind.ALTERED}),
    append: frozenset({BreakKind.INSERTED, BreakKind.ALTERED}),
    swap: frozenset({BreakKind.REORDERED}),
    cut: frozenset({BreakKind.TRUNCATED, BreakKind.ALTERED}),
    recompute: frozenset(BreakKind),
}


def fresh_log(folder: Path, data: DataObject) -> None:
    """A log of its own in the database that all examples share, perhaps with its oldest events sealed."""
    with triggers_lifted():
        Segment.objects.all().delete()
    replace_log([])
    written = 0
    for size, algorithm, said in data.draw(BATCHES):
        keep_head_in(folder, algorithm)
        numbers = range(written + 1, written + size + 1)
        at = START + timedelta(minutes=written)
        append_events(at, WANG, [(EventKind.PERMIT_REDEEMED, f"permit {n}", said) for n in numbers])
        written += size
    if data.draw(st.booleans()):
        seal_events(START + timedelta(minutes=written // 2), START, WANG)
    assert verify_log().broken is None


@often
@given(data=st.data())
def test_the_first_bad_event_is_named(numbered_folders: Callable[[], Path], data: DataObject) -> None:
    fresh_log(numbered_folders(), data)
    before = stored_log()
    tamper = data.draw(st.sampled_from([way for way in WAYS if way is not swap or len(before) > 1]))
    if tamper is append:
        place = len(before)
    else:
        place = data.draw(st.integers(0, len(before) - (2 if tamper is swap else 1)))
    replace_log(tamper(data, before, place))
    broken = verify_log().broken
    assert broken is not None
    assert broken.sequence == before[0].sequence + place, broken
    assert broken.kind in KINDS[tamper]


def delete(_data: DataObject, file: Path, _older: list[bytes]) -> None:
    file.unlink()


def corrupt(data: DataObject, file: Path, _older: list[bytes]) -> None:
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    file.write_bytes(whole[:place] + b"#" + whole[place + 1 :])


def shorten(data: DataObject, file: Path, _older: list[bytes]) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])


def put_back(data: DataObject, file: Path, older: list[bytes]) -> None:
    file.write_bytes(data.draw(st.sampled_from(older)))


@seldom
@given(data=st.data())
def test_a_head_that_is_not_the_last_one_is_told(
    numbered_folders: Callable[[], Path], data: DataObject
) -> None:
    fresh_log(numbered_folders(), data)
    older = []
    for number in range(data.draw(st.integers(1, 3))):
        older.append((audit_folder() / HEAD).read_bytes())
        append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, f"later {number}", {})])
    change = data.draw(st.sampled_from([delete, corrupt, shorten, put_back]))
    change(data, audit_folder() / HEAD, older)
    broken = verify_log().broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == (BreakKind.HEAD, None), broken


@seldom
@given(data=st.data())
def test_a_cut_with_an_older_head_put_back_is_named_by_the_lines(
    numbered_folders: Callable[[], Path], data: DataObject
) -> None:
    fresh_log(numbered_folders(), data)
    older, kept = (audit_folder() / HEAD).read_bytes(), stored_log()
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    anchor = sound_anchor()
    replace_log(kept)
    (audit_folder() / HEAD).write_bytes(older)
    broken = verify_log().broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == (BreakKind.TRUNCATED, kept[-1].sequence + 1)

    # With the lines cut as well nothing on this machine tells: the paper does.
    lines = (audit_folder() / LINES).read_text().splitlines(keepends=True)
    (audit_folder() / LINES).write_text("".join(lines[:-1]))
    assert verify_log().broken is None
    assert isinstance(anchor, Anchor)
    told = verify_log([anchor]).broken
    assert told is not None
    assert told.sequence == anchor.sequence
