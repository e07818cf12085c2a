"""What may stand under a task's module, as a document is held against it and the JSON Schema shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from orchestrator.documents.validation import FILLED, refuse
from orchestrator.language import Text
from orchestrator.model.runbook import Module

Filled = Annotated[str, Field(min_length=1, max_length=65_536, pattern=FILLED)]
Folder = Annotated[str, Field(pattern=r"^(/|\{\{)", max_length=4_096)]
Length = Annotated[float, Strict(), Field(gt=0, le=604_800)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CommandArguments(_Arguments):
    """`command:`"""

    cmd: Filled | None = Field(None, description="程序与参数，按 shell 的引号规则拆开，不经 shell 展开")
    argv: list[str] | None = Field(None, min_length=1, description="程序与参数，每项一个")
    chdir: Folder | None = Field(None, description="先进入的文件夹，绝对路径")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cmd is None) == (self.argv is None):
            raise refuse(
                "one-of-two",
                Text("cmd 与 argv 须写且只写一个", "write either cmd or argv"),
                Text("有空格的参数用 argv", "argv is for arguments that hold spaces"),
            )
        return self


class ShellArguments(_Arguments):
    """`shell:`"""

    cmd: Filled = Field(description="交给主机 sh 的一行或多行")
    chdir: Folder | None = Field(None, description="先进入的文件夹，绝对路径")


class ScriptArguments(_Arguments):
    """`script:`"""

    cmd: Filled = Field(description="运行手册旁 files/ 下的文件，以及参数")
    chdir: Folder | None = Field(None, description="先进入的文件夹，绝对路径")


class PauseArguments(_Arguments):
    """`pause:`"""

    seconds: Length | None = Field(None, description="秒")
    minutes: Length | None = Field(None, description="分钟")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.seconds is None) == (self.minutes is None):
            raise refuse(
                "one-of-two",
                Text("seconds 与 minutes 须写且只写一个", "write either seconds or minutes"),
                Text("例：pause: {minutes: 5}", "as in pause: {minutes: 5}"),
            )
        return self


class DebugArguments(_Arguments):
    """`debug:`"""

    msg: Filled = Field(description="写入记录的话")


class AssertArguments(_Arguments):
    """`assert:`"""

    that: Filled | list[Filled] = Field(description="必须成立的条件，写法同 Ansible")
    fail_msg: Filled | None = Field(None, description="不成立时说的话")
    success_msg: Filled | None = Field(None, description="成立时说的话")


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
