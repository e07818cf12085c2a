"""The shape of a runbook file, as pydantic holds a document against it and the JSON Schema shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, Strict

from orchestrator.documents.keyword import play_keyword, task_keyword
from orchestrator.documents.template import is_template
from orchestrator.documents.validation import DASHED, FILLED, ONE_LINE, VARIABLE, Advice, given, refuse
from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import Kind


def _no_template(text: str) -> str:
    if is_template(text):
        raise refuse(
            "template-here",
            Text("这里不能写模板", "no template may stand here"),
            Text(
                "模板只能写在 vars、检查参数与任务的参数里",
                "templates belong in vars, in a check's parameters and in a module's arguments",
            ),
        )
    return text


def _no_facts(value: object) -> bool:
    if value is False:
        return False
    raise refuse(
        "gather-facts",
        Text("gather_facts 只能是 false", "gather_facts can only be false"),
        Text(
            "这里默认不收集 facts（医院主机又旧又慢），需要的值由检查自己去问；删去这一行",
            "facts are never gathered: a check asks what it needs; remove the line",
        ),
    )


def _variable(name: str) -> str:
    if name.startswith(("ansible_", "wardround_")):
        raise refuse(
            "reserved-variable",
            Text(f"vars 里不能写 {name}", f"{name} can't be set in vars"),
            Text(
                "ansible_ 与 wardround_ 变量写在清单里",
                "ansible_ and wardround_ variables belong in the inventory",
            ),
        )
    return name


Title = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE), AfterValidator(_no_template)]
Pattern = Annotated[str, Field(min_length=1, pattern=FILLED), AfterValidator(_no_template)]
Variable = Annotated[str, Field(pattern=VARIABLE), AfterValidator(_variable)]
TaskId = Annotated[str, Field(pattern=DASHED, max_length=80)]
Verify = Annotated[str, Field(min_length=1, max_length=65_536, pattern=FILLED)]
Unit = Annotated[str, Field(min_length=1, max_length=20, pattern=ONE_LINE), AfterValidator(_no_template)]
Seconds = Annotated[float, Strict(), Field(gt=0, le=86_400)]
LONGEST_CHECK = 600
"""Seconds. A check that takes longer is no inspection item."""


class TaskModel(BaseModel):
    """One thing to look at or to do: a name, and exactly one of the modules."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    name: Title = Field("", description="任务名称；不写则用检查自己的名称，或模块名")
    id: TaskId = Field("", description="文件内唯一的编号；不写则由检查名或模块名得出")
    check: dict[str, Any] = Field({}, description="一个检查插件，以及可选的 warn、crit、layer、unit")
    command: Any = Field(None, description="运行一个程序，不经 shell")
    shell: Any = Field(None, description="交给主机 sh 的命令")
    script: Any = Field(None, description="把运行手册旁的脚本送到主机上运行")
    pause: Any = Field(None, description="等待一段时间，全部主机一起")
    debug: Any = Field(None, description="往记录里写一句话")
    assert_: Any = Field(None, alias="assert", description="主机变量必须满足的条件")
    effect: Annotated[Effect | None, AfterValidator(given)] = Field(
        None, description="对主机的作用；不写按 once（绝不重复）。read、idempotent 须由另一人认可"
    )
    verify: Annotated[Verify | None, AfterValidator(given)] = Field(
        None, description="结果不明时用来查明的只读命令：退出码 0 表示已生效；须由另一人认可"
    )
    timeout: Annotated[Seconds | None, AfterValidator(given)] = Field(
        None, description="时限，秒；检查的每条命令默认 10，effect: read 的命令默认 600，其他默认不限"
    )


class CheckOptions(BaseModel):
    """What may stand beside the plugin in a `check:`, limits apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: Annotated[Layer | None, AfterValidator(given)] = Field(None, description="覆盖检查自己的层")
    unit: Unit = Field("", description="值的单位")


class PlayModel(BaseModel):
    """Some hosts, and what is looked at or done on each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Title = Field(description="报告里的标题")
    kind: Kind = Field(description="种类；一个文件里的各 play 相同")
    hosts: Pattern | list[Pattern] = Field(description="Ansible 主机模式")
    gather_facts: Annotated[Literal[False], BeforeValidator(_no_facts)] = Field(
        False, description="只能是 false（默认）"
    )
    vars: dict[Variable, Any] = Field({}, description="模板可用的变量")
    tasks: list[TaskModel] = Field(min_length=1)


class RunbookModel(RootModel[list[PlayModel]]):
    """A runbook: a list of plays, as in Ansible."""

    root: list[PlayModel] = Field(min_length=1)


def advise(model: type[BaseModel], key: str) -> Advice | None:
    """What is known of a key that a runbook can't have there."""
    if model is PlayModel:
        return _later(play_keyword(key))
    if model is not TaskModel:
        return None
    if key in ("warn", "crit", "layer", "unit"):
        return Advice(
            Text("写在 check: 下面，与检查名对齐", "it stands under check:, aligned with the check's name"),
            later=False,
        )
    return _later(task_keyword(key))


def _later(hint: Text | None) -> Advice | None:
    return Advice(hint) if hint else None
