"""A free command as a check: the number or the word that it prints. A second person must have accepted it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from testinfra.backend.base import CommandResult

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Value
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("自由命令", "free command"),
    layer=Layer.SYSTEM,
    metrics=(Metric("value", Text("值", "value"), source="runbook"),),
    free=("command",),
    scalar="command",
    open_unit=True,
)

_WORD = re.compile(r"""[^\s=;|()\[\]{}"']+""")
# A number stands alone. What carries a unit other than % does not count: `du -h` goes from `900M` to `1.1G`.
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?=%?$)")
_EVIDENCE = 500


def _several(value: object) -> object:
    return (value,) if isinstance(value, int) else value


class Parameters(CheckParameters):
    command: str = Field(min_length=1)
    """Shell text. Each `%s` takes one of the arguments, quoted; a percent sign beside them is `%%`."""
    arguments: tuple[str, ...] = ()
    rc: Annotated[tuple[int, ...], BeforeValidator(_several)] = (0,)
    """Exit statuses with which the output means something; `grep -c` for one ends with 1 when it counts 0."""
    expect: Literal["number", "word"] | None = None
    """What to read from the output. Not given: its first number, and where there is none, its one word."""

    @model_validator(mode="after")
    def _arguments_fit(self) -> Self:
        if self.arguments:
            try:
                _ = self.command % self.arguments
            except (TypeError, ValueError):
                raise ValueError(
                    "command needs one %s for each of the arguments, and %% for a percent sign"
                ) from None
        return self


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(parameters.command, *parameters.arguments)
    written = str(result.stdout_bytes, "utf-8", "replace").strip()
    if result.rc not in parameters.rc:
        raise _failed(result)
    yield Observation("value", _value(written, parameters.expect), evidence=written[:_EVIDENCE])


def _value(written: str, expect: str | None) -> Value:
    number = None if expect == "word" else _first_number(written)
    if number is not None:
        return number
    if expect == "number":
        raise CannotTell(Text("输出中没有数字", "there is no number in the output"), written[:_EVIDENCE])
    if not written:
        raise CannotTell(Text("命令没有输出", "the command wrote nothing"))
    if "\n" in written or len(written) > 100:
        raise CannotTell(
            Text("输出不是一个数字或一个词", "the output is neither a number nor one word"),
            written[:_EVIDENCE],
        )
    return written


def _first_number(written: str) -> float | None:
    for word in _WORD.finditer(written):
        if found := _NUMBER.match(word.group().rstrip(".,:")):
            return float(found.group())
    return None


def _failed(result: CommandResult) -> CannotTell:
    said = str(result.stderr_bytes, "utf-8", "replace").strip()
    return CannotTell(
        Text(f"命令失败，退出码 {result.rc}", f"the command failed with exit status {result.rc}"),
        said[-_EVIDENCE:],
    )
