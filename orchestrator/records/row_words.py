"""What rows about people, waivers, findings and pauses say, in the words of the facts that events tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.audit import ForgedRow
from orchestrator.model.run import RunState
from orchestrator.records.facts import (
    BLANK_FINDING,
    Ends,
    Facts,
    moment,
    pause_name,
    stored_digest,
    with_note,
)
from orchestrator.records.findings import identity
from orchestrator.records.models.account import Account
from orchestrator.records.models.authorisation import Authorisation
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.run import Run
from orchestrator.records.models.schedule_pause import SchedulePause
from orchestrator.records.models.session import Session
from orchestrator.records.models.waiver import Waiver

_OVER = frozenset(str(state) for state in RunState if state.over)

Row = Account | Session | Authorisation | Waiver | Finding | SchedulePause


def subject_of(row: Row) -> str:
    """How facts name a row."""
    match row:
        case Account():
            return f"account {row.name}"
        case Session():
            return f"session {row.account.name}"
        case Authorisation():
            return f"authorisation {row.pk}"
        case Waiver():
            return f"waiver {row.number}"
        case Finding():
            return f"finding {row.number}"
        case SchedulePause():
            return pause_name(row.schedule)


def difference(row: Row, facts: Facts) -> ForgedRow | None:
    """Where a row says something else than the events; None where it says the same."""
    subject = subject_of(row)
    known = facts.get(subject, BLANK_FINDING if isinstance(row, Finding) else None)
    if known is None:
        return ForgedRow(subject, ())
    said = _said(row)
    differs = tuple(name for name, value in known.items() if said[name] != value)
    return ForgedRow(subject, differs) if differs else None


def differences(facts: Facts) -> tuple[ForgedRow, ...]:
    """All rows, past ones too, that say something else, and those that should be there and are not."""
    rows: list[Row] = [
        *Account.objects.prefetch_related("roles").order_by("name"),
        *Session.objects.select_related("account").order_by("account__name"),
        *Authorisation.objects.select_related("account").order_by("pk"),
        *Waiver.objects.order_by("pk"),
        *SchedulePause.objects.order_by("schedule"),
    ]
    wrong = [found for row in rows if (found := difference(row, facts)) is not None]
    there = {subject_of(row) for row in rows}
    kept = ("account ", "authorisation ", "waiver ", "pause ")
    missing = [name for name in facts if name.startswith(kept) and name not in there]
    findings = Finding.objects.prefetch_related("notes").order_by("pk")
    wrong += [found for row in findings.iterator(500) if (found := difference(row, facts)) is not None]
    return (*wrong, *(ForgedRow(name, (), missing=True) for name in missing))


def other_ends(ends: Ends) -> tuple[ForgedRow, ...]:
    """Runs that ended otherwise than the events say. One that was tidied away is not missed."""
    wrong = []
    for number, state, at in Run.objects.order_by("pk").values_list("pk", "state", "finished_at").iterator():
        said, known = (state, moment(at)), ends.get(f"run {number}")
        if known is None and state not in _OVER:
            continue
        names = zip(("state", "finished_at"), said, known or ("", ""), strict=True)
        if differs := tuple(name for name, stored, told in names if stored != told):
            wrong.append(ForgedRow(f"run {number}", differs))
    return tuple(wrong)


def _said(row: Row) -> Mapping[str, Any]:
    match row:
        case Account():
            return _account(row)
        case Session():
            return {"token_digest": stored_digest(row.token)}
        case Authorisation():
            return _authorisation(row)
        case Waiver():
            return _waiver(row)
        case Finding():
            return _finding(row)
        case SchedulePause():
            return _pause(row)


def _account(row: Account) -> Mapping[str, Any]:
    factor = None if row.second_factor is None else bytes(row.second_factor)
    return {
        "full_name": row.full_name,
        "active": row.is_active,
        "roles": sorted(one.role for one in row.roles.all()),
        "password_digest": stored_digest(row.password),
        "second_factor": factor is not None,
        "second_factor_digest": None if factor is None else stored_digest(factor),
    }


def _authorisation(row: Authorisation) -> Mapping[str, Any]:
    return {
        "account": f"account {row.account.name}",
        "system": row.system,
        "permission": row.permission,
        "granted_by": row.granted_by,
        "granted_at": moment(row.granted_at),
        "expires_at": moment(row.expires_at),
        # One that ran out is marked as ended when another takes its place; no event tells of that.
        "ends_at": moment(row.ended_at or row.expires_at),
        "ended_by": row.ended_by,
    }


def _waiver(row: Waiver) -> Mapping[str, Any]:
    words = ("runbook", "host", "task", "metric", "subject", "covers", "reason", "approver", "proof")
    times = ("approved_at", "expires_at", "ended_at")
    return {
        **{name: getattr(row, name) for name in words},
        **{name: moment(getattr(row, name)) for name in times},
    }


def _finding(row: Finding) -> Mapping[str, Any]:
    notes = ""
    for one in sorted(row.notes.all(), key=lambda one: one.pk):
        due_at = moment(one.due_at)
        notes = with_note(notes, one.at, one.author, one.proof, one.act, one.text, one.owner, due_at)
    closed = [moment(row.closed_at), row.closed_by, row.closed_proof] if row.closed_at else None
    return {
        "what": str(identity(row)),
        "owner": row.owner,
        "due_at": moment(row.due_at),
        "closed": closed,
        "notes": notes,
    }


def _pause(row: SchedulePause) -> Mapping[str, Any]:
    return {
        "since": moment(row.since),
        "until": moment(row.until),
        "by": row.by,
        "proof": row.proof,
        "reason": row.reason,
    }
