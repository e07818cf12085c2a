"""What the events say, kept beside the signed head so that a decision need not read the whole log."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from orchestrator.errors import ChainBroken, StoreError
from orchestrator.model.audit import Anchor
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import held
from orchestrator.records.facts import Facts
from orchestrator.records.signing_key import key_is_lost, sign, signed

FILE = "facts.json"
_FORM = 2
"""Counted up when events are understood in another way: what an earlier version kept is read anew then."""


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """Facts, and the event that they go up to."""

    upto: Anchor
    facts: Facts


def read_facts() -> KeptFacts | None:
    """None where there are none that can be trusted: then the log is read from its beginning."""
    folder = audit_folder()
    try:
        content = json.loads((folder / FILE).read_bytes())
        text = content["facts"]
        if not signed(folder, content["key"], _message(text), content["signature"]):
            return None
        form, sequence, stored, facts = json.loads(text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return KeptFacts(Anchor(sequence, stored), facts) if form == _FORM else None


def keep_facts(kept: KeptFacts) -> None:
    """Replace them, whole or not at all. Where that fails, the next decision reads the log once more."""
    folder = audit_folder()
    text = json.dumps([_FORM, kept.upto.sequence, kept.upto.hash, kept.facts])
    try:
        with held(folder):
            if key_is_lost(folder):
                return
            key, signature = sign(folder, _message(text))
            part = folder / f".{FILE}.{os.getpid()}.part"
            part.write_text(json.dumps({"facts": text, "key": key, "signature": signature}), encoding="utf-8")
            part.replace(folder / FILE)
    except (OSError, StoreError, ChainBroken):
        return


def _message(text: str) -> bytes:
    return b"wardround facts\n" + text.encode()
