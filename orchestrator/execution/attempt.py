"""One attempt at one check: it ends with what it saw, or it is suspended by a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.errors import CannotTell, NotApplicable, OrchestratorError, PluginError
from orchestrator.execution.ask import AnsweredAsk, Surroundings
from orchestrator.execution.backend import OneWay
from orchestrator.execution.inquiry import EVIDENCE, Inquiry
from orchestrator.language import Text
from orchestrator.model.observation import Observation
from orchestrator.model.verdict import Verdict
from orchestrator.plugin.check import CheckParameters, CheckPlugin

OBSERVATIONS = 10_000
"""Values that one check may yield."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What an attempt came to."""

    observations: tuple[Observation, ...]
    verdict: Verdict | None
    """What stands beside the judged values: `unknown`, `skipped`, or nothing."""
    reason: Text | None
    evidence: str = ""


def attempt(
    name: str, plugin: CheckPlugin, parameters: CheckParameters, around: Surroundings, inquiry: Inquiry
) -> Ended | None:
    """Run the check once, from its start. None: it was suspended, and `inquiry` says by which questions.

    Nothing that a plugin does gets out of here; a question without an answer counts even if it was swallowed.
    """
    seen: list[Observation] = []
    with OneWay():
        error = _observe(plugin, parameters, AnsweredAsk(around, inquiry), seen)
    if inquiry.missing:
        return None
    verdict, reason, evidence = _meaning(name, error)
    if error is None and inquiry.doubts:
        verdict, reason = Verdict.UNKNOWN, inquiry.doubts[0]
    return Ended(tuple(seen), verdict, reason, evidence)


def _observe(
    plugin: CheckPlugin, parameters: CheckParameters, ask: AnsweredAsk, seen: list[Observation]
) -> BaseException | None:
    try:
        for observation in plugin.observe(ask, parameters):
            seen.append(_accepted(observation, len(seen)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - site Python may raise anything, also SystemExit
        return error
    return None


def _accepted(observation: Any, already: int) -> Observation:
    if not isinstance(observation, Observation):
        raise TypeError(f"observe yields a {type(observation).__name__}, not an Observation")
    if already >= OBSERVATIONS:
        raise PluginError(Text("检查给出的值太多", "the check yields too many values"))
    return observation


def _meaning(name: str, error: BaseException | None) -> tuple[Verdict | None, Text | None, str]:
    match error:
        case None:
            return None, None, ""
        case NotApplicable():
            return Verdict.SKIPPED, error.message, error.evidence
        case CannotTell():
            return Verdict.UNKNOWN, error.message, error.evidence
        case OrchestratorError():
            return Verdict.UNKNOWN, error.message, ""
        case UnicodeDecodeError():
            return Verdict.UNKNOWN, _undecodable(error), ""
    kind = type(error).__name__
    reason = Text(f"检查插件 {name} 出错（{kind}）", f"the check plugin {name} failed ({kind})")
    return Verdict.UNKNOWN, reason, f"{kind}: {_said(error)}"[:EVIDENCE]


def _undecodable(error: UnicodeDecodeError) -> Text:
    return Text(f"命令输出不是 {error.encoding} 文本", f"a command's output is not {error.encoding} text")


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - an exception of site Python may not even be printable
        return f"({type(broken).__name__} while printing it)"
