"""What may stand under a task's module, as a document is held against it and the JSON Schema shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from orchestrator.documents.validation import FILLED, given
from orchestrator.model.runbook import Module

Line = Annotated[str, Field(min_length=1, max_length=65_536, pattern=FILLED)]
Word = Annotated[str, Field(max_length=65_536)]
Folder = Annotated[str, Field(pattern=r"^(/|\{\{)", max_length=4_096)]
Length = Annotated[float, Strict(), Field(gt=0, le=604_800)]

_FOLDER = "先进入的文件夹，绝对路径"


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommandArguments(_Arguments):
    """`command:`"""

    cmd: Annotated[Line | None, AfterValidator(given)] = Field(
        None, description="程序与参数，按 shell 的引号规则拆开，不经 shell 展开"
    )
    argv: Annotated[list[Word] | None, AfterValidator(given)] = Field(
        None, min_length=1, description="程序与参数，每项一个"
    )
    chdir: Annotated[Folder | None, AfterValidator(given)] = Field(None, description=_FOLDER)


class ShellArguments(_Arguments):
    """`shell:`"""

    cmd: Line = Field(description="交给主机 sh 的一行或多行")
    chdir: Annotated[Folder | None, AfterValidator(given)] = Field(None, description=_FOLDER)


class ScriptArguments(_Arguments):
    """`script:`"""

    cmd: Line = Field(description="运行手册旁 files/ 下的文件，以及参数")
    chdir: Annotated[Folder | None, AfterValidator(given)] = Field(None, description=_FOLDER)


class PauseArguments(_Arguments):
    """`pause:`"""

    seconds: Annotated[Length | None, AfterValidator(given)] = Field(None, description="秒")
    minutes: Annotated[Length | None, AfterValidator(given)] = Field(None, description="分钟")


class DebugArguments(_Arguments):
    """`debug:`"""

    msg: Line = Field(description="写入记录的话")


class AssertArguments(_Arguments):
    """`assert:`"""

    that: Line | Annotated[list[Line], Field(min_length=1)] = Field(
        description="必须成立的条件，写法同 Ansible"
    )
    fail_msg: Annotated[Line | None, AfterValidator(given)] = Field(None, description="不成立时说的话")
    success_msg: Annotated[Line | None, AfterValidator(given)] = Field(None, description="成立时说的话")


ARGUMENTS: Mapping[Module, type[BaseModel]] = {
    Module.COMMAND: CommandArguments,
    Module.SHELL: ShellArguments,
    Module.SCRIPT: ScriptArguments,
    Module.PAUSE: PauseArguments,
    Module.DEBUG: DebugArguments,
    Module.ASSERT: AssertArguments,
}

FREE_FORM = frozenset({Module.COMMAND, Module.SHELL, Module.SCRIPT})
"""Those that take a bare text, as in `command: uptime`."""

ONE_OF: Mapping[Module, tuple[str, str]] = {
    Module.COMMAND: ("cmd", "argv"),
    Module.PAUSE: ("seconds", "minutes"),
}
"""Two arguments of which exactly one is written."""
