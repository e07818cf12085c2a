"""Tasks that act are read to values, or answered with what is wrong, where, and how to mend it."""

from __future__ import annotations

import pytest

from orchestrator.documents.runbook import read_runbook
from orchestrator.errors import Diagnostic
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import ActionTask, CheckTask, Kind, Module
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from tests.documents.reading import hint, places, refused

Checks = Registry[CheckPlugin]

HEAD = "- name: 重启\n  kind: emergency\n  hosts: all\n  tasks:\n"


def tasks(*written: str, checks: Checks, kind: Kind = Kind.EMERGENCY) -> tuple[ActionTask | CheckTask, ...]:
    text = HEAD.replace("emergency", kind) + "".join(f"    - {task}\n" for task in written)
    (play,) = read_runbook(f"runbooks/{kind}/m.yml", text.encode(), checks).plays
    return play.tasks


def action(written: str, checks: Checks) -> ActionTask:
    (task,) = tasks(written, checks=checks)
    assert isinstance(task, ActionTask)
    return task


def faults(written: str, checks: Checks) -> list[Diagnostic]:
    """What is wrong with a task that begins in line 5, column 7."""
    return refused(lambda: tasks(written, checks=checks))


def test_a_runbook_that_acts_is_read_whole(checks: Checks) -> None:
    text = """\
- name: 重启 HIS 服务
  kind: upgrade
  hosts: his
  vars: {unit: his}
  tasks:
    - name: 停服务
      id: stop
      command: {argv: [systemctl, stop, "{{ unit }}"], chdir: /srv}
      verify: "! systemctl is-active --quiet his"
      timeout: 90
    - shell: |
        systemctl start his
      effect: idempotent
    - script: files/warm.sh --all
    - pause: {seconds: 30}
    - debug: {msg: "{{ unit }} 已重启"}
    - assert: {that: [unit == "his"], fail_msg: 不是 HIS}
    - check: {disk: }
- name: 第二段
  kind: upgrade
  hosts: db
  tasks: [{command: sync}]
"""
    runbook = read_runbook("runbooks/upgrade/restart.yml", text.encode(), checks)
    first, second = runbook.plays
    assert (runbook.kind, [task.id for task in (*first.tasks, *second.tasks)]) == (
        Kind.UPGRADE,
        ["stop", "shell", "script", "pause", "debug", "assert", "disk", "command"],
    )
    stop, start, script, pause, debug, condition = first.actions
    assert (stop.title, stop.module, stop.effect, stop.timeout) == ("停服务", Module.COMMAND, None, 90.0)
    assert stop.arguments == {"argv": ["systemctl", "stop", "{{ unit }}"], "chdir": "/srv"}
    assert stop.verify == "! systemctl is-active --quiet his"
    assert str(stop.argument_positions["verify"]).endswith("restart.yml:9:15")
    assert (start.effect, start.arguments) == (Effect.IDEMPOTENT, {"cmd": "systemctl start his\n"})
    assert script.arguments == {"cmd": "files/warm.sh --all"}
    assert pause.arguments == {"seconds": 30}
    assert (debug.effect, condition.effect) == (Effect.READ, Effect.READ)
    assert condition.arguments["that"] == ['unit == "his"']
    assert len(first.checks) == 1


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INSPECTION])
def test_every_kind_but_an_inspection_may_act(kind: Kind, checks: Checks) -> None:
    assert len(tasks("command: uptime", checks=checks, kind=kind)) == 1


@pytest.mark.parametrize("module", ["command: w", "shell: w", "pause: {seconds: 1}", "debug: {msg: x}"])
def test_an_inspection_has_checks_alone(module: str, checks: Checks) -> None:
    found = refused(lambda: tasks(module, checks=checks, kind=Kind.INSPECTION))
    assert places(found) == ["5:7 not-in-inspection"]
    assert "check:" in hint(found)


def test_an_action_may_use_a_check_that_changes_its_host(checks: Checks) -> None:
    assert len(tasks("check: {cleaner: }", checks=checks)) == 1


def test_a_file_is_of_one_kind(checks: Checks) -> None:
    play = "- name: x\n  kind: {}\n  hosts: all\n  tasks: [{{check: {{disk: }}}}]\n"
    text = play.format("inspection") + play.format("routine") + play.format("inspection")
    found = refused(lambda: read_runbook("m.yml", text.encode(), checks))
    assert places(found) == ["6:9 mixed-kinds"]
    assert "两个文件" in hint(found)


@pytest.mark.parametrize(
    ("task", "expected", "says"),
    [
        ("{command: w, shell: w}", "5:20 several-modules", "拆成"),
        ("{check: {disk: }, debug: {msg: x}}", "5:25 several-modules", "拆成"),
        ("{name: x}", "5:7 missing-module", "command"),
        ("{comand: w}", "5:8 unknown-key", "command"),
        ("{asert: {that: x}}", "5:8 unknown-key", "assert"),
        ("{assert_: {that: x}}", "5:8 unknown-key", "assert"),
        ("{ansible.builtin.command: w}", "5:8 not-supported-yet", "写成 command"),
        ("{command: w, args: {chdir: /}}", "5:20 not-supported-yet", "chdir"),
        ("{command: w, when: x}", "5:20 not-supported-yet", "目前的任务"),
        ("{command: w, become: true}", "5:20 not-supported-yet", "ansible_become"),
        ("{command: }", "5:17 wrong-type", "cmd, argv"),
        ("{command: [w]}", "5:17 wrong-type", "cmd, argv"),
        ("{command: 3}", "5:17 wrong-type", "cmd, argv"),
        ("{command: {}}", "5:17 one-of-two", "argv"),
        ("{command: {cmd: w, argv: [w]}}", "5:17 one-of-two", "argv"),
        ('{command: {cmd: "{{ x }}", argv: [w]}}', "5:17 one-of-two", "argv"),
        ("{command: {cmd: }}", "5:23 empty-value", "删去"),
        ("{command: {argv: []}}", "5:24 invalid-value", ""),
        ("{command: {argv: [w, 3]}}", "5:28 wrong-type", '"3"'),
        ("{command: {cmd: w, chdir: tmp}}", "5:33 invalid-value", ""),
        ("{command: {cmd: w, cdir: /}}", "5:26 unknown-key", "chdir"),
        ("{command: {cmd: w, creates: /x}}", "5:26 unknown-key", "cmd"),
        ('{command: "echo \\"a"}', "5:17 unclosed-quote", "argv"),
        ('{script: "files/a.sh \\"a"}', "5:16 unclosed-quote", "argv"),
        ('{shell: ""}', "5:15 invalid-value", ""),
        ("{debug: x}", "5:15 wrong-type", "msg"),
        ("{debug: {msg: 3}}", "5:21 wrong-type", '"3"'),
        ("{pause: {}}", "5:15 one-of-two", "minutes"),
        ("{pause: {seconds: 1, minutes: 1}}", "5:15 one-of-two", "minutes"),
        ("{pause: {seconds: 0}}", "5:25 invalid-value", ""),
        ("{pause: {minutes: true}}", "5:25 wrong-type", ""),
        ('{pause: {minutes: "{{ n }}"}}', "5:25 wrong-type", "数字"),
        ("{assert: {}}", "5:16 missing-key", ""),
        ("{assert: {that: []}}", "5:23 invalid-value", ""),
        ("{assert: {that: [a ==]}}", "5:24 template-syntax", ""),
        ('{assert: {that: "{{ a }}"}}', "5:23 condition-template", "used_pct"),
        ("{check: {disk: }, effect: read}", "5:25 check-effect", "删去"),
        ("{check: {disk: }, verify: w}", "5:25 check-effect", "删去"),
        ("{check: {disk: }, timeout: 601}", "5:34 invalid-value", ""),
        ("{command: w, timeout: 86401}", "5:29 invalid-value", ""),
        ("{command: w, effect: }", "5:28 empty-value", "删去"),
        ("{command: w, effect: reads}", "5:28 unknown-value", "read"),
        ("{command: w, verify: 3}", "5:28 wrong-type", '"3"'),
        ("{pause: {seconds: 1}, timeout: 3}", "5:29 no-effect", "删去 timeout"),
        ("{debug: {msg: x}, effect: read}", "5:25 no-effect", "删去 effect"),
        ("{debug: {msg: x}, verify: w}", "5:25 no-effect", "删去 verify"),
        ('{command: "echo {{ x }}", effect: read}', "5:17 free-template", "once"),
        ('{command: {argv: [w, "{{ x }}"]}, effect: idempotent}', "5:24 free-template", "once"),
        ('{command: w, verify: "test {{ x }}"}', "5:28 free-template", "once"),
        ('{command: "echo {{ x"}', "5:17 template-syntax", "{{ }}"),
    ],
)
def test_each_mistake_in_a_task_has_its_place_and_cure(
    task: str, expected: str, says: str, checks: Checks
) -> None:
    found = faults(task, checks)
    assert places(found) == [expected]
    assert says in (found[0].hint.zh if found[0].hint else "")
    assert found[0].message.zh != found[0].message.en


def test_an_accepted_command_may_ask_its_shell_for_a_length(checks: Checks) -> None:
    task = action("{shell: 'n=ab; echo ${#n}', effect: read, verify: 'n=ab; test ${#n} -gt 1'}", checks)
    assert task.arguments == {"cmd": "n=ab; echo ${#n}"}


@pytest.mark.parametrize("that", ["x | bool", "x is match('a')", "[a, b | default(3) > 2]", "x\n"])
def test_a_condition_may_use_any_filter_or_test_that_planning_knows(that: str, checks: Checks) -> None:
    written = that if that.startswith("[") else f'"{that}"'
    assert action(f"{{assert: {{that: {written}}}}}", checks).module is Module.ASSERT


@pytest.mark.parametrize("timeout", ["600", "0.5"])
def test_a_check_may_take_ten_minutes(timeout: str, checks: Checks) -> None:
    (task,) = tasks(f"{{check: {{disk: }}, timeout: {timeout}}}", checks=checks)
    assert task.timeout == float(timeout)


def test_a_command_that_counts_as_once_may_use_variables(checks: Checks) -> None:
    for written in ("{command: 'rm {{ a }}'}", "{command: 'rm {{ a }}', effect: once}"):
        assert action(written, checks).arguments == {"cmd": "rm {{ a }}"}
