"""Rounds whose process is gone, before rounds are shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.model.site import Site
from orchestrator.records.rounds import settle_abandoned


def settle_before_showing(site: Site, at: datetime, tell: Callable[[Text], None]) -> None:
    """Mark them as interrupted. A log that takes no more events hides no round: it is told, and they show
    as they stand."""
    try:
        settle_abandoned(site.state, at)
    except StoreError as error:
        hint = error.hint or Text("", "")
        tell(
            Text(
                f"注意：无法写入审计日志，中断的轮次仍显示为进行中。{error.message.zh}\n  → {hint.zh}",
                "note: the audit log can't be written, so rounds that were broken off still show as running: "
                f"{error.message.en}\n  → {hint.en}",
            )
        )
