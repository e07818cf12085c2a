"""The site's files that a plan executes, held against what was planned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.plan import Plan


def frozen_source(plan: Plan, source: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """`source`, held against the digests that the plan was approved with."""
    digests = frozenset(plan.documents.values())

    def read(path: str) -> bytes:
        try:
            content = source(path)
        except (KeyError, OSError):
            raise CannotTell(
                Text(f"计划中没有文件 {path}", f"the plan has no file {path}"),
            ) from None
        if hashlib.sha256(content).hexdigest() not in digests:
            raise CannotTell(
                Text(f"文件 {path} 与计划中的不同", f"the file {path} is not the one that was planned")
            )
        return content

    return read
