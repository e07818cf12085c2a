"""What a step does to a host."""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """How dangerous it is to run a step, and to run it again (design.md sections 1 and 5)."""

    READ = "read"
    """Changes nothing: an inspection consists of these alone."""
    IDEMPOTENT = "idempotent"
    """Changes something; a second time changes nothing more."""
    ONCE = "once"
    """Must never run twice. What nobody has accepted counts as this."""
