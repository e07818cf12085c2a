"""A runbook is read to values, or answered with everything that is wrong, with its place and its cure."""

from __future__ import annotations

import pytest

from orchestrator.documents.runbook import read_runbook
from orchestrator.errors import Diagnostic, PluginError
from orchestrator.model.check import Layer
from orchestrator.model.runbook import Kind, LimitText, Runbook
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from tests.documents.reading import hint, places, refused

Checks = Registry[CheckPlugin]

HEAD = "- name: 早巡检\n  kind: inspection\n  hosts: all\n"


def accept(text: str, checks: Checks) -> Runbook:
    return read_runbook("runbooks/inspection/morning.yml", text.encode(), checks)


def faults(text: str, checks: Checks) -> list[Diagnostic]:
    return refused(lambda: read_runbook("m.yml", text.encode(), checks))


def task(check: str, checks: Checks) -> list[Diagnostic]:
    """What is wrong with one task whose `check:` stands in line 5 from column 14 on."""
    return faults(f"{HEAD}  tasks:\n    - check: {check}\n", checks)


def test_a_runbook_is_read_whole(checks: Checks) -> None:
    runbook = accept(
        """\
# yaml-language-server: $schema=../runbook.schema.json
- name: 早巡检
  kind: inspection
  hosts: all
  gather_facts: false
  vars: {root: /srv, deep: {list: ["{{ root }}"]}}
  tasks:
    - name: 数据卷使用率
      id: data-volume
      check:
        disk: {include: ["{{ root }}/data"], depth: 2}
        warn: "> 85"
        crit: {used_pct: 90, state: "!= online"}
        layer: business
      timeout: 20
    - check: {disk: }
- name: 接口
  kind: inspection
  hosts: [web, "!web3"]
  tasks:
    - check: {command: uptime, unit: 次}
""",
        checks,
    )
    assert (runbook.name, runbook.title, runbook.kind) == ("morning", "早巡检", Kind.INSPECTION)
    assert len(runbook.sha256) == 64
    first, second = runbook.plays
    assert first.variables == {"root": "/srv", "deep": {"list": ["{{ root }}"]}}
    assert second.hosts == "web,!web3"
    volume, disk = first.checks
    assert (volume.id, volume.title, volume.layer, volume.timeout) == (
        "data-volume",
        "数据卷使用率",
        Layer.BUSINESS,
        20.0,
    )
    assert volume.arguments == {"include": ["{{ root }}/data"], "depth": 2}
    assert str(volume.argument_positions["depth"]).endswith("morning.yml:11:53")
    assert volume.warn == {"": LimitText("> 85", volume.warn[""].position)}
    assert str(volume.warn[""].position).endswith(":12:15")
    assert {name: limit.text for name, limit in volume.crit.items()} == {"used_pct": 90, "state": "!= online"}
    assert (disk.title, disk.layer, disk.timeout, disk.arguments) == ("磁盘", None, None, {})
    assert second.checks[0].arguments == {"command": "uptime"}
    assert second.checks[0].unit == "次"


def test_a_task_without_id_gets_its_checks_name_and_the_next_free_number(checks: Checks) -> None:
    runbook = accept(
        f"{HEAD}  tasks:\n    - check: {{disk: }}\n    - check: {{disk: }}\n    - check: {{command: w}}\n"
        "    - {id: disk-2, check: {command: w}}\n    - check: {site_test: a.py::b}\n",
        checks,
    )
    assert [item.id for item in runbook.plays[0].tasks] == [
        "disk",
        "disk-3",
        "command",
        "disk-2",
        "site-test",
    ]


def test_an_id_used_twice_is_refused_across_plays(checks: Checks) -> None:
    play = HEAD + "  tasks:\n    - {id: a, check: {disk: }}\n"
    assert places(faults(play + play, checks)) == ["10:12 duplicate-id"]


def test_all_errors_come_at_once_in_the_order_of_their_places(checks: Checks) -> None:
    found = faults(
        """\
- name: 早巡检
  kind: inspection
  hosts: all
  gather_facts: true
  become: true
  vrs: {}
  vars: {ansible_host: x, a-b: 1, t: "{{ x"}
  tasks:
    - name: 数据卷
      check:
        disk: {includ: ["{{ a }}/data"], depth: x, mode: fats}
        warn: "> eighty"
        crit: {used_pc: 90}
        unit: "%"
    - name: a{{ 1 }}
      id: Bad Id
      warn: 3
      check: {LNX05: {}, lyer: system}
      timeout: "20"
    - shell: echo
      register: x
    - check: {dsk: , layer: system}
      when: no
    - check: {disk: , layer: sytem, warn: "{{ a }}"}
      timeout:
""",
        checks,
    )
    assert places(found) == [
        "4:17 gather-facts",
        "5:3 not-supported-yet",
        "6:3 unknown-key",
        "7:10 reserved-variable",
        "7:27 invalid-value",
        "7:38 template-syntax",
        "11:16 unknown-key",
        "11:49 wrong-type",
        "11:58 unknown-value",
        "12:15 invalid-limit",
        "13:16 unknown-metric",
        "14:9 fixed-unit",
        "15:13 template-here",
        "16:11 invalid-value",
        "17:7 unknown-key",
        "18:15 unknown-check",
        "18:26 unknown-check",
        "19:16 wrong-type",
        "20:7 not-in-inspection",
        "21:7 not-supported-yet",
        "22:15 unknown-check",
        "23:7 not-supported-yet",
        "23:13 ambiguous-scalar",
        "24:30 unknown-value",
        "24:43 limit-template",
        "25:15 empty-value",
    ]


@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        ("", "empty", "写入内容"),
        ("# nothing\n", "empty", "写入内容"),
        ("name: x\n", "wrong-type", "- name:"),
        ("name：x\n", "wrong-type", "全角"),
        ("[]\n", "invalid-value", ""),
        ("- name: x\n", "missing-key", ""),
        ("- 3\n", "wrong-type", ""),
        (
            "- name: a\n  kind: inspecton\n  hosts: a\n  tasks: [{check: {disk: }}]\n",
            "unknown-value",
            "inspection",
        ),
        (f"{HEAD}  tasks: []\n", "invalid-value", ""),
        (f"{HEAD}  tasks: 3\n", "wrong-type", "- "),
        (f"{HEAD}  tasks: [{{check: disk}}]\n", "wrong-type", ""),
    ],
)
def test_what_is_no_runbook_is_refused(text: str, rule: str, says: str, checks: Checks) -> None:
    found = faults(text, checks)
    assert rule in {item.rule for item in found}
    assert any(says in (item.hint.zh if item.hint else "") for item in found)


@pytest.mark.parametrize(
    "keyword",
    [
        "serial",
        "roles",
        "handlers",
        "pre_tasks",
        "vars_files",
        "tags",
        "become_user",
        "strategy",
        "environment",
    ],
)
def test_a_plays_keyword_of_ansible_is_not_supported_yet(keyword: str, checks: Checks) -> None:
    text = f"{HEAD}  {keyword}: x\n  tasks:\n    - check: {{disk: }}\n"
    assert places(faults(text, checks)) == ["4:3 not-supported-yet"]


@pytest.mark.parametrize(
    "keyword",
    [
        *("when", "register", "loop", "with_items", "become", "block", "rescue", "notify", "delegate_to"),
        *("args", "copy", "ansible.builtin.shell", "service", "community.general.ufw"),
        *("confirm", "playbook", "run_once", "ignore_errors"),
    ],
)
def test_a_tasks_keyword_or_module_is_not_supported_yet(keyword: str, checks: Checks) -> None:
    text = f"{HEAD}  tasks:\n    - {keyword}: x\n"
    assert places(faults(text, checks)) == ["5:7 not-supported-yet"]


@pytest.mark.parametrize(
    ("check", "expected", "says"),
    [
        ("{LNX05: }", "5:15 unknown-check", "名称是 disk"),
        ("{lnx05: }", "5:15 unknown-check", "名称是 disk"),
        ("{dsik: }", "5:15 unknown-check", "disk"),
        ("{LNX99: }", "5:15 unknown-check", "可用"),
        ("{disk: {mode: 3}}", "5:28 unknown-value", "fast"),
        ("{disk: {depth: }}", "5:29 wrong-type", "空的"),
        ("{disk: {depth: ：}}", "5:29 wrong-type", "半角"),
        ("{}", "5:14 missing-check", "disk"),
        ("{warn: 3}", "5:14 missing-check", "disk"),
        ("{disk: , command: w}", "5:23 several-checks", "拆成"),
        ("{vanished: }", "5:15 broken-plugin", ""),
        ("{cleaner: }", "5:15 not-read-only", "只读"),
        ("{disk: 3}", "5:21 wrong-type", "include"),
        ("{disk: [a]}", "5:21 wrong-type", "include"),
        ("{command: }", "5:24 missing-key", ""),
        ("{command: {comand: w}}", "5:25 unknown-key", "command"),
        ("{disk: {depth: 12}}", "5:29 invalid-value", ""),
        ("{disk: {depth: 1.5}}", "5:29 wrong-type", ""),
        ("{disk: {include: /data}}", "5:31 wrong-type", "- "),
        ("{disk: {include: [data]}}", "5:31 invalid-value", ""),
        ("{disk: {range: {low: 1, hihg: 2}}}", "5:38 unknown-key", "high"),
        ("{disk: {port: [1]}}", "5:28 wrong-type", ""),
        ("{disk: , unit: GB}", "5:23 fixed-unit", "unit"),
        ("{command: w, unit: 3}", "5:33 wrong-type", '"3"'),
        ('{command: "echo {{ x }}"}', "5:24 free-template", "arguments"),
        ('{command: {command: w, arguments: ["{{ x"]}}', "5:49 template-syntax", "{{ }}"),
        ("{disk: , warn: true}", "5:29 invalid-limit", "outside"),
        ("{disk: , warn: [1]}", "5:29 invalid-limit", "outside"),
        ("{disk: , warn: }", "5:29 invalid-limit", "outside"),
        ('{disk: , warn: "eighty"}', "5:29 invalid-limit", "outside"),
        ("{disk: , warn: {state: 3}}", "5:37 invalid-limit", "outside"),
        ('{disk: , warn: "{{ limit }}"}', "5:29 limit-template", "wardround_thresholds"),
        ("{disk: , crit: {usd_pct: 3}}", "5:30 unknown-metric", "used_pct"),
        ('{site_test: "a.py::b", warn: 3}', "5:43 no-metric", "warn"),
    ],
)
def test_each_mistake_in_a_check_has_its_place_and_cure(
    check: str, expected: str, says: str, checks: Checks
) -> None:
    found = task(check, checks)
    assert expected in places(found)
    (item,) = [item for item in found if item.rule == expected.split()[1]]
    assert says in (item.hint.zh if item.hint else "")
    assert item.message.zh != item.message.en


def test_a_value_with_a_template_waits_for_its_rendering(checks: Checks) -> None:
    parameters = '{depth: "{{ d }}", include: ["{{ root }}"], mode: "{{ m }}"}'
    text = f"{HEAD}  tasks:\n    - check: {{disk: {parameters}}}\n"
    assert accept(text, checks).plays[0].tasks[0].arguments["depth"] == "{{ d }}"


def test_a_key_with_a_template_does_not(checks: Checks) -> None:
    assert places(task('{disk: {"{{ key }}": 1}}', checks)) == ["5:22 unknown-key"]


def test_an_error_within_a_block_points_at_the_templates_own_line(checks: Checks) -> None:
    text = (
        f"{HEAD}  vars:\n    a: |\n      one\n      {{{{ two\n      three\n  tasks: [{{check: {{disk: }}}}]\n"
    )
    (found,) = faults(text, checks)
    assert found.rule == "template-syntax"
    assert found.position.line in (7, 8)


@pytest.mark.parametrize("template", ["{{ " + "(" * 5_000, "{{ " + "9" * 5_000 + " }}", "{% if a %}" * 2_000])
def test_a_template_beyond_jinjas_own_parser_is_one_error(template: str, checks: Checks) -> None:
    text = f'{HEAD}  vars: {{a: "{template}"}}\n  tasks: [{{check: {{disk: }}}}]\n'
    assert places(faults(text, checks)) == ["4:13 template-syntax"]


def test_hosts_may_not_come_from_a_template(checks: Checks) -> None:
    text = '- name: x\n  kind: inspection\n  hosts: "{{ target }}"\n  tasks: [{check: {disk: }}]\n'
    assert places(faults(text, checks)) == ["3:10 template-here"]


def test_a_plugins_own_words_come_in_both_languages(checks: Checks) -> None:
    (found,) = task("{disk: {include: [data]}}", checks)
    assert "须是绝对路径" in found.message.zh
    assert "must be absolute" in found.message.en


def test_true_gather_facts_is_refused_with_the_reason(checks: Checks) -> None:
    text = f"{HEAD}  gather_facts: true\n  tasks: [{{check: {{disk: }}}}]\n"
    assert "facts" in hint(faults(text, checks))


def test_how_a_host_is_reached_belongs_in_the_inventory(checks: Checks) -> None:
    text = f"{HEAD}  remote_user: root\n  tasks: [{{check: {{disk: }}}}]\n"
    assert "ansible_user" in hint(faults(text, checks))


def test_a_limit_beside_the_check_is_told_where_it_belongs(checks: Checks) -> None:
    text = f"{HEAD}  tasks:\n    - check: {{disk: }}\n      warn: 3\n"
    assert "check:" in hint(faults(text, checks))


def test_a_plugin_whose_validation_crashes_is_blamed_itself(
    checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(value: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(checks.get("disk").Parameters, "model_validate", crash)
    with pytest.raises(PluginError, match="disk"):
        task("{disk: }", checks)


@pytest.mark.parametrize("other", [kind for kind in Kind if kind is not Kind.INSPECTION])
def test_a_kind_that_contradicts_its_folder_is_one_error_with_its_place(other: Kind, checks: Checks) -> None:
    text = f"{HEAD}  tasks:\n    - check: {{disk: }}\n".encode()
    path = f"/site/runbooks/{other}/night.yml"
    found = refused(lambda: read_runbook(path, text, checks))
    assert places(found) == ["2:9 kind-of-folder"]
    assert str(found[0].position) == f"{path}:2:9"
    assert hint(found) == f"改成 kind: {other}，或把文件移到 inspection 文件夹"


@pytest.mark.parametrize(
    "path", ["night.yml", "drafts/night.yml", "inspection.yml", "/srv/inspection/night.yml"]
)
def test_a_folder_that_is_of_no_kind_contradicts_nothing(path: str, checks: Checks) -> None:
    text = f"{HEAD}  tasks:\n    - check: {{disk: }}\n".encode()
    assert read_runbook(path, text, checks).kind is Kind.INSPECTION
