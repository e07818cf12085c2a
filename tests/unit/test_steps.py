"""A task that acts is resolved for each host: nothing secret is shown, nothing left to go wrong there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.execution.action import command_text
from orchestrator.language import Language
from orchestrator.model.effect import Effect
from orchestrator.model.inventory import Inventory, InventoryHost, Verbatim
from orchestrator.model.plan import Plan, PlannedStep
from orchestrator.model.runbook import ActionTask, Kind, Module
from orchestrator.planning.digest import canonical
from tests.unit.planning_cast import action, host, inventory, plan, play, runbook, task

SECRET = "hunter22"


def vaulted(name: str = "db01", password: str = SECRET, **variables: object) -> InventoryHost:
    return host(name, vaulted=["db_password"], db_password=Verbatim(password), **variables)


def planned(*tasks: ActionTask, stock: Inventory | None = None, **variables: Any) -> Plan:
    book = runbook(play(*tasks, **variables), kind=Kind.ROUTINE)
    return plan(book, stock or inventory(host("db01"), host("web01")))[0]


def step(made: Plan, id: str = "command") -> PlannedStep:  # noqa: A002 - the model's word
    found = made.hosts[0].task(id)
    assert isinstance(found, PlannedStep)
    return found


def refusal(*tasks: ActionTask, stock: Inventory | None = None, **variables: Any) -> str:
    with pytest.raises(InputError) as caught:
        planned(*tasks, stock=stock, **variables)
    assert caught.value.say(Language.ZH) != caught.value.say(Language.EN)
    return caught.value.say(Language.EN)


def test_the_plays_keep_the_order_of_checks_and_actions_and_of_hosts() -> None:
    stock = inventory(host("b"), host("a"), second=("a", "b"))
    book = runbook(
        play(action(id="stop"), task(id="look"), action(id="start")),
        play(action(id="last"), hosts="second"),
        kind=Kind.ROUTINE,
    )
    made, _ = plan(book, stock)
    assert [(one.hosts, one.tasks) for one in made.plays] == [
        (("b", "a"), ("stop", "look", "start")),
        (("a", "b"), ("last",)),
    ]
    assert (made.size, made.actions, made.effect) == (2, 6, Effect.ONCE)


def test_a_command_that_only_reads_is_given_up_after_ten_minutes_unless_its_task_says_otherwise() -> None:
    reads = action(effect=Effect.READ)
    assert step(planned(reads)).timeout == 600.0
    assert step(planned(replace(reads, timeout=5.0))).timeout == 5.0


def test_arguments_are_rendered_for_each_host() -> None:
    stock = inventory(host("a", unit="his"), host("b", unit="emr"))
    words: list[object] = ["systemctl", "restart", "{{ unit }}", "{{ times }}", " "]
    made = planned(action(arguments={"argv": words, "chdir": "/srv/{{ unit }}"}), stock=stock, times=3)
    assert [dict(step.arguments) for one in made.hosts for step in one.steps] == [
        {"argv": ["systemctl", "restart", "his", "3", " "], "chdir": "/srv/his"},
        {"argv": ["systemctl", "restart", "emr", "3", " "], "chdir": "/srv/emr"},
    ]


def test_what_nobody_accepted_counts_as_once_and_what_leaves_hosts_alone_as_reading() -> None:
    made = planned(
        action(),
        action(id="said", effect=Effect.IDEMPOTENT),
        action(Module.PAUSE, {"seconds": 3}),
        action(Module.DEBUG, {"msg": "{{ 1 + 1 }} done"}),
    )
    assert [one.effect for one in made.hosts[0].steps] == [
        Effect.ONCE,
        Effect.IDEMPOTENT,
        Effect.READ,
        Effect.READ,
    ]
    assert step(made, "pause").arguments == {"seconds": 3}
    assert {one.timeout for one in made.hosts[0].steps} == {None}
    assert step(made, "debug").arguments == {"msg": "2 done"}


@pytest.mark.parametrize("effect", [Effect.READ, Effect.IDEMPOTENT])
def test_an_accepted_command_runs_as_it_was_accepted_and_no_variable_changes_it(effect: Effect) -> None:
    written = "n={{ x }}; echo ${#n} {% if x %}"
    made = planned(action(Module.SHELL, {"cmd": written}, effect=effect), x="reboot")
    assert step(made, "shell").arguments == {"cmd": written}


def test_a_secret_stays_a_template_in_the_plan_and_is_filled_in_for_the_host_alone() -> None:
    tasks = [
        action(
            Module.SHELL, {"cmd": "mysql -p'{{ db_password }}' {{ base }}", "chdir": "/srv"}, verify="true"
        )
    ]
    book = runbook(play(*tasks, base="his"), kind=Kind.ROUTINE)
    made, hosts = plan(book, inventory(vaulted()))
    found = step(made, "shell")
    assert found.secret == ("cmd",)
    assert SECRET not in canonical(made).decode()
    assert made.hosts[0].secrets
    text = command_text(found, hosts["db01"], lambda name: b"")
    assert text == f"cd -- /srv || exit\nmysql -p'{SECRET}' his"


def test_a_changed_secret_changes_the_fingerprint_and_without_the_key_nobody_can_guess_it() -> None:
    book = runbook(play(action(arguments={"argv": ["login", "{{ db_password }}"]})), kind=Kind.ROUTINE)
    one, _ = plan(book, inventory(vaulted()))
    other, _ = plan(book, inventory(vaulted(password="hunter23")))
    elsewhere, _ = plan(book, inventory(vaulted()), key=b"another key")
    assert len({one.hosts[0].secrets, other.hosts[0].secrets, elsewhere.hosts[0].secrets}) == 3
    assert one.hosts[0].steps == other.hosts[0].steps
    assert one.digest != other.digest


@pytest.mark.parametrize("name", ["msg", "fail_msg", "success_msg"])
def test_what_is_shown_holds_no_secret(name: str) -> None:
    module = Module.DEBUG if name == "msg" else Module.ASSERT
    arguments: dict[str, object] = {} if name == "msg" else {"that": "true"}
    said = refusal(
        action(module, {**arguments, name: "{{ db_password }}"}, id="show"), stock=inventory(vaulted())
    )
    assert f"{module}.{name}: would put the secret db_password into plan and records" in said
    assert SECRET not in said


def test_a_template_error_has_its_line_and_is_said_once_for_all_hosts() -> None:
    said = refusal(action(arguments={"cmd": "echo {{ nme }}", "chdir": "/{{ wher }}"}))
    assert "morning.yml:21" in said
    assert "[db01, web01] command.cmd: undefined variable" in said
    assert "morning.yml:22" in said
    assert said.count("undefined variable") == 2


@pytest.mark.parametrize(
    ("arguments", "value", "says"),
    [
        ({"cmd": "{{ x }}"}, "", "command.cmd renders to nothing"),
        ({"cmd": "{{ x }}"}, " \n", "command.cmd renders to nothing"),
        ({"cmd": "{{ x }}"}, ["a"], "command.cmd renders to what is no text"),
        ({"cmd": "echo {{ x }}"}, "a\0b", "command.cmd renders to text with a NUL"),
        ({"cmd": "echo {{ x }}"}, "it's", "command.cmd renders to text with a quote that is not closed"),
        ({"argv": ["echo", "{{ x }}"]}, "\0", "command.argv renders to text with a NUL"),
        ({"argv": ["echo", "{{ x }}"]}, {"a": 1}, "command.argv renders to what is no text"),
        ({"argv": ["echo", "{{ x }}"]}, True, "command.argv renders to what is no text"),
        ({"argv": ["{{ x }}"]}, "", "command.argv renders to nothing"),
        ({"argv": "{{ x }}"}, [], "command.argv renders to nothing"),
        ({"cmd": "w", "chdir": "{{ x }}"}, "srv", "command.chdir renders to a path that is not absolute"),
    ],
)
def test_what_no_shell_can_be_given_is_found_while_planning(
    arguments: dict[str, object], value: object, says: str
) -> None:
    said = refusal(action(arguments=arguments), x=value)
    assert says in said
    assert "morning.yml:2" in said


def test_a_secret_that_breaks_a_command_is_found_without_being_quoted() -> None:
    said = refusal(
        action(arguments={"cmd": "login {{ db_password }}"}), stock=inventory(vaulted(password="pass'word"))
    )
    assert "command.cmd renders to text with a quote that is not closed" in said
    assert "pass" not in said


def test_a_shell_line_may_hold_any_quotes() -> None:
    made = planned(action(Module.SHELL, {"cmd": "cat <<E\n{{ x }}\nE\n"}), x="it's")
    assert step(made, "shell").arguments == {"cmd": "cat <<E\nit's\nE\n"}


def test_conditions_are_settled_while_planning_for_each_host() -> None:
    stock = inventory(host("a", used=80), host("b", used=95))
    made = planned(
        action(Module.ASSERT, {"that": ["used < 90", "used is defined"], "fail_msg": "{{ used }} %"}),
        stock=stock,
    )
    assert [dict(step.arguments) for one in made.hosts for step in one.steps] == [
        {
            "conditions": [
                {"condition": "used < 90", "holds": holds},
                {"condition": "used is defined", "holds": True},
            ],
            "fail_msg": said,
        }
        for holds, said in ((True, "80 %"), (False, "95 %"))
    ]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("used + 1", "neither true nor false"),
        ("missing > 3", "undefined variable"),
        ("'a' > 3", "template can't be rendered"),
    ],
)
def test_a_condition_that_is_no_question_is_refused_where_it_stands(condition: str, says: str) -> None:
    said = refusal(action(Module.ASSERT, {"that": condition}), used=3)
    assert says in said
    assert "morning.yml:21" in said


def test_a_condition_may_look_at_a_secret_and_shows_nothing_of_it() -> None:
    made = planned(action(Module.ASSERT, {"that": "db_password | length > 7"}), stock=inventory(vaulted()))
    assert SECRET not in canonical(made).decode()
    assert json.loads(json.dumps(dict(step(made, "assert").arguments)))["conditions"][0]["holds"] is True
