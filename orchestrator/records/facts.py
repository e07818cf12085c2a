"""What the events say that rows about people, waivers, findings and pauses have to say. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from orchestrator.records.event_hash import EventLine
from orchestrator.records.models.event import EventKind

Facts = dict[str, dict[str, Any]]
"""Subject -> name of a detail -> what it has to be. A detail that no event tells of is not in it."""

Ends = dict[str, tuple[str, str | None]]
"""Run, as events name it -> the state in which it ended, and when. Nobody decides by it: it is held against
the rows when the log is verified, and is not kept."""

BLANK_FINDING: Mapping[str, Any] = {"owner": "", "due_at": None, "closed": None, "notes": ""}
"""What a finding says that no person has touched."""


def learn(facts: Facts, event: EventLine) -> None:
    """Go on from what was known before `event`."""
    if (step := _STEPS.get(event.kind)) is not None:
        step(facts, event, json.loads(event.data))


def learn_end(ends: Ends, event: EventLine) -> None:
    """Go on from what was known of the ends of runs before `event`."""
    if event.kind == EventKind.RUN_FINISHED:
        ends[event.subject] = json.loads(event.data)["state"], moment(event.at)
    elif event.kind == EventKind.RUN_REFUSED:
        ends[event.subject] = "refused", moment(event.at)


def moment(at: datetime | str | None) -> str | None:
    """A time as facts hold it."""
    if at is None:
        return None
    aware = datetime.fromisoformat(at) if isinstance(at, str) else at
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def stored_digest(stored: str | bytes) -> str:
    """Stands for a stored secret, which is a salted hash or encrypted already, where the log tells of it."""
    return hashlib.sha256(stored.encode() if isinstance(stored, str) else stored).hexdigest()


def with_note(
    notes: str, at: datetime, author: str, proof: str, act: str, text: str, owner: str, due_at: str | None
) -> str:
    """A digest over the notes of a finding, one note longer."""
    note = json.dumps([notes, moment(at), author, proof, act, text, owner, due_at], ensure_ascii=True)
    return stored_digest(note)


def _account(facts: Facts, event: EventLine) -> dict[str, Any]:
    return facts.setdefault(event.subject, {"active": True, "roles": [], "second_factor": False})


def _made(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    _account(facts, event)["full_name"] = data["full_name"]
    _password(facts, event, data)


def _blocked(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    _account(facts, event)["active"] = False
    _logged_out(facts, event, data)


def _unblocked(facts: Facts, event: EventLine, _data: Mapping[str, Any]) -> None:
    _account(facts, event)["active"] = True


def _password(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    if event.kind == EventKind.PASSWORD_RESET:
        _logged_out(facts, event, data)
    _detail(_account(facts, event), "password_digest", data.get("password"))


def _enrolled(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    account = _account(facts, event)
    account["second_factor"] = True
    _detail(account, "second_factor_digest", data.get("second_factor"))


def _factor_reset(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    _logged_out(facts, event, data)
    account = _account(facts, event)
    account["second_factor"] = False
    account.pop("second_factor_digest", None)


def _logged_in(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    session = facts[_session(event)] = {}
    _detail(session, "token_digest", data.get("session"))


def _logged_out(facts: Facts, event: EventLine, _data: Mapping[str, Any]) -> None:
    facts.pop(_session(event), None)


def _session(event: EventLine) -> str:
    return f"session {event.subject.removeprefix('account ')}"


def _role(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    account = _account(facts, event)
    others = set(account["roles"]) - {data["role"]}
    account["roles"] = sorted(others | ({data["role"]} if event.kind == EventKind.ROLE_GIVEN else set()))


def _granted(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    if (replaced := data.get("replaces")) is not None:
        _revoked(facts, event, {"authorisation": replaced})
    facts[f"authorisation {data['authorisation']}"] = {
        "account": event.subject,
        "system": data["system"],
        "permission": data["permission"],
        "granted_by": event.actor,
        "granted_at": moment(event.at),
        "expires_at": moment(data["expires_at"]),
        "ends_at": moment(data["expires_at"]),
        "ended_by": "",
    }


def _revoked(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    """The end of one that nobody granted is known too: so it is mended, and grants nothing."""
    known = facts.setdefault(f"authorisation {data['authorisation']}", {"account": event.subject})
    known["ends_at"], known["ended_by"] = moment(event.at), event.actor


def _restarted(facts: Facts, _event: EventLine, _data: Mapping[str, Any]) -> None:
    for name in [name for name in facts if name.startswith("session ")]:
        del facts[name]


def _restored(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    _restarted(facts, event, data)
    for name in data.get("enrol_anew", ()):
        if (account := facts.get(f"account {name}")) is not None:
            account["second_factor"] = False
            account.pop("second_factor_digest", None)


def _approved(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    facts[event.subject] = {
        **{key: data[key] for key in ("runbook", "host", "task", "metric", "subject", "covers", "reason")},
        "approver": event.actor,
        "proof": event.proof,
        "approved_at": moment(event.at),
        "expires_at": moment(data["until"]),
        "ended_at": None,
    }


def _ended(facts: Facts, event: EventLine, _data: Mapping[str, Any]) -> None:
    facts.setdefault(event.subject, {})["ended_at"] = moment(event.at)


def _handled(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    finding = facts.setdefault(event.subject, dict(BLANK_FINDING))
    due_at, act = moment(data["due"]), event.kind.removeprefix("finding_")
    finding["what"] = data["what"]
    finding["notes"] = with_note(
        finding["notes"], event.at, event.actor, event.proof, act, data["text"], data["owner"], due_at
    )
    if event.kind == EventKind.FINDING_ASSIGNED:
        finding["owner"], finding["due_at"] = data["owner"], due_at
    if event.kind == EventKind.FINDING_CLOSED:
        finding["closed"] = [moment(event.at), event.actor, event.proof]


def _paused(facts: Facts, event: EventLine, data: Mapping[str, Any]) -> None:
    pause = facts[pause_name(event.subject)] = {
        "until": moment(data["until"]),
        "by": event.actor,
        "proof": event.proof,
        "reason": data["reason"],
    }
    _detail(pause, "since", moment(data.get("since")))


def _resumed(facts: Facts, event: EventLine, _data: Mapping[str, Any]) -> None:
    facts.setdefault(pause_name(event.subject), {})["until"] = moment(event.at)


def pause_name(schedule: str) -> str:
    """How facts name the pause of a schedule, which events name `schedule morning`."""
    return f"pause {schedule.removeprefix('schedule ')}"


def _detail(about: dict[str, Any], name: str, value: Any) -> None:
    """Earlier versions told of fewer details: what is not told any more is not held against a row."""
    if value is None:
        about.pop(name, None)
    else:
        about[name] = value


_STEPS: Mapping[str, Callable[[Facts, EventLine, Mapping[str, Any]], None]] = {
    EventKind.ACCOUNT_MADE: _made,
    EventKind.ACCOUNT_BLOCKED: _blocked,
    EventKind.ACCOUNT_UNBLOCKED: _unblocked,
    EventKind.PASSWORD_CHANGED: _password,
    EventKind.PASSWORD_RESET: _password,
    EventKind.SECOND_FACTOR_ENROLLED: _enrolled,
    EventKind.SECOND_FACTOR_RESET: _factor_reset,
    EventKind.LOGGED_IN: _logged_in,
    EventKind.LOGGED_OUT: _logged_out,
    EventKind.ROLE_GIVEN: _role,
    EventKind.ROLE_TAKEN: _role,
    EventKind.AUTHORISATION_GRANTED: _granted,
    EventKind.AUTHORISATION_REVOKED: _revoked,
    EventKind.DATABASE_RESTORED: _restored,
    EventKind.CHAIN_RESTARTED: _restarted,
    EventKind.WAIVER_APPROVED: _approved,
    EventKind.WAIVER_ENDED: _ended,
    EventKind.FINDING_ASSIGNED: _handled,
    EventKind.FINDING_NOTED: _handled,
    EventKind.FINDING_CLOSED: _handled,
    EventKind.SCHEDULE_PAUSED: _paused,
    EventKind.SCHEDULE_RESUMED: _resumed,
}
