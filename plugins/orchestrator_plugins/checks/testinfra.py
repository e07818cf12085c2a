"""A plain testinfra test function as a check: it passes, or its failed assertion is the finding.

`testinfra: files/test_web.py::test_nginx` runs the function unchanged, with testinfra's `host`. Of pytest it
knows `parametrize`, `skip`, `skipif` with a plain condition, and `pytest.skip` and `pytest.fail` within.
Refused, rather than silently different, are other fixtures, `xfail` and test classes. A `conftest.py` and
`testinfra_hosts` are not read: the runbook says where it runs.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping

import pytest
from pydantic import Field

from orchestrator.errors import CannotTell, CheckSignal, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator.plugin.site_python import load_function
from orchestrator_plugins.parametrization import Case, cases, skipped, unsupported

spec = CheckSpec(
    code="",
    title=Text("testinfra 测试函数", "testinfra test function"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "result",
            Text("测试结果", "test result"),
            direction=Direction.NONE,
            crit="!= passed",
            source="the test function's own assertions",
        ),
    ),
    free=("function",),
    scalar="function",
    site_python=True,
)

_EVIDENCE = 2000


class Parameters(CheckParameters):
    function: str = Field(pattern=r"^[^:]+\.py::[A-Za-z_]\w*$")
    """`files/test_web.py::test_nginx`"""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    path, _, name = parameters.function.partition("::")
    function = _load(path, ask.file(path), name)
    calls = cases(function)
    fixtures = _fixtures(function, calls[0], ask)
    signal: CheckSignal | None = None
    question: BaseException | None = None
    for case in calls:
        try:
            yield _call(function, case, fixtures, path)
        except CheckSignal as unjudged:
            # It does not hide how the other calls end; `skipped` counts when all of them are.
            signal = unjudged if signal is None or isinstance(signal, NotApplicable) else signal
        except GeneratorExit:
            raise
        except BaseException as unanswered:  # noqa: BLE001 - it is raised below
            # The other calls are made as well, so that all of them ask in one batch.
            question = question or unanswered
    if question is not None:
        raise question
    if signal is not None:
        raise signal


def _load(path: str, source: bytes, name: str) -> Callable[..., object]:
    try:
        function = load_function(path, source, name)
    except pytest.skip.Exception as skip:
        raise skipped(str(skip)) from None
    if not inspect.isfunction(function):
        raise unsupported(name, "不是普通函数", "is no plain function")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise unsupported(name, "是异步函数或生成器", "is a coroutine or a generator")
    return function


def _fixtures(function: Callable[..., object], case: Case, ask: Ask) -> Mapping[str, object]:
    """The arguments that pytest would call fixtures: `host`, and no other."""
    required = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and parameter.name not in case.values
    ]
    strange = [name for name in required if name != "host"]
    if strange:
        raise unsupported(
            f"fixture {', '.join(strange)}", "不支持：只有 host", "is not supported: there is `host` alone"
        )
    return dict.fromkeys(required, ask.host)


def _call(
    function: Callable[..., object], case: Case, fixtures: Mapping[str, object], path: str
) -> Observation:
    """
    Raises:
        CheckSignal: it was skipped, or could not be judged.
    """
    case.check_skip()
    try:
        function(**fixtures, **case.values)
    except CheckSignal:
        raise
    except pytest.skip.Exception as skip:
        raise skipped(str(skip)) from None
    except (AssertionError, pytest.fail.Exception) as failure:
        shown = f"{_place(failure, path)}\n{failure}".strip()
        return Observation("result", "failed", case.name, shown[:_EVIDENCE])
    except Exception as error:
        raise _broken(error, path) from error
    return Observation("result", "passed", case.name)


def _broken(error: Exception, path: str) -> CannotTell:
    kind = type(error).__name__
    return CannotTell(
        Text(f"测试函数出错（{kind}）", f"the test function failed ({kind})"),
        f"{_place(error, path)}\n{kind}: {error}".strip()[:_EVIDENCE],
    )


def _place(error: BaseException, path: str) -> str:
    """The site file's line that it came from, with its text's number: `files/test_web.py:12`."""
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == path
    ]
    return f"{path}:{lines[-1]}" if lines else path
