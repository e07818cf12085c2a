"""The shape of a runbook file, as pydantic holds a document against it and the JSON Schema shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, Strict

from orchestrator.documents.keyword import play_keyword, task_keyword
from orchestrator.documents.template import is_template
from orchestrator.documents.validation import DASHED, FILLED, ONE_LINE, VARIABLE, Advice, refuse
from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.runbook import Kind

Given = TypeVar("Given")


def _no_template(text: str) -> str:
    if is_template(text):
        raise refuse(
            "template-here",
            Text("这里不能写模板", "no template may stand here"),
            Text("模板只能写在 vars 与检查参数里", "templates belong in vars and in a check's parameters"),
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
Unit = Annotated[str, Field(min_length=1, max_length=20, pattern=ONE_LINE), AfterValidator(_no_template)]
Seconds = Annotated[float, Strict(), Field(gt=0, le=600)]


def _given(value: Given) -> Given:
    if value is None:
        raise refuse(
            "empty-value",
            Text("这里是空的", "nothing is there"),
            Text("填上值，或删去这个键", "give a value, or remove the key"),
        )
    return value


class TaskModel(BaseModel):
    """One thing to look at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Title = Field("", description="检查项名称；不写则用检查自己的名称")
    id: TaskId = Field("", description="文件内唯一的编号；不写则由检查名得出")
    check: dict[str, Any] = Field(description="一个检查插件，以及可选的 warn、crit、layer、unit")
    timeout: Annotated[Seconds | None, AfterValidator(_given)] = Field(
        None, description="每条命令或探测的时限，秒；默认 10"
    )


class CheckOptions(BaseModel):
    """What may stand beside the plugin in a `check:`, limits apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: Annotated[Layer | None, AfterValidator(_given)] = Field(None, description="覆盖检查自己的层")
    unit: Unit = Field("", description="值的单位")


class PlayModel(BaseModel):
    """Some hosts, and what is looked at on each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Title = Field(description="报告里的标题")
    kind: Kind = Field(description="目前只能是 inspection（巡检）")
    hosts: Pattern | list[Pattern] = Field(description="Ansible 主机模式")
    gather_facts: Annotated[Literal[False], BeforeValidator(_no_facts)] = Field(
        False, description="只能是 false（默认）"
    )
    vars: dict[Variable, Any] = Field({}, description="检查参数里的模板可用的变量")
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
