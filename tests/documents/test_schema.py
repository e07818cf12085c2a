"""Editors check a runbook by the schema as we do by the models, with the validator that they use too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestrator.documents.findings import Findings
from orchestrator.documents.node import plain
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.schema import runbook_schema
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import InvalidDocument, PluginError
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry

Checks = Registry[CheckPlugin]

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "runbooks/runbook.schema.json"
HEADER = "# yaml-language-server: $schema="


@pytest.fixture(scope="module")
def products() -> Checks:
    return Registry(CHECKS, ("spec", "Parameters", "observe"))


@pytest.fixture(scope="module")
def schema(working_checks: Checks) -> Draft202012Validator:
    made = runbook_schema(working_checks)
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def value(data: bytes) -> object:
    return plain(require_yaml("m.yml", data, Findings("m.yml")))


def acting(*tasks: str) -> str:
    """A runbook that may change hosts."""
    head = "- name: x\n  kind: routine\n  hosts: all\n  tasks:\n"
    return head + "".join(f"    - {task}\n" for task in tasks)


def runbook(task: str, play: str = "") -> str:
    return f"- name: x\n  kind: inspection\n  hosts: all\n{play}  tasks:\n    - {task}\n"


@pytest.mark.parametrize(
    "text",
    [
        runbook("check: {disk: }"),
        runbook("check: {disk: {}, warn: 3, crit: '> 4', layer: business}"),
        runbook(
            "check: {disk: {depth: 3, mode: exact, range: {low: 1, high: 2}, port: a}, warn: {state: '!= a'}}"
        ),
        runbook('check: {disk: {depth: "{{ d }}", range: "{{ r }}"}}', "  vars: {a: {b: [1]}}\n"),
        runbook("check: {command: w, unit: 次}"),
        runbook("{name: a, id: b-1, timeout: 0.5, check: {command: {command: w, arguments: [a]}}}"),
        runbook("check: {site_test: 'a.py::b'}", "  gather_facts: false\n"),
        runbook("check: {disk: }").replace("hosts: all", "hosts: [a, '!b']"),
        runbook("check: {disk: }").replace("inspection", "emergency"),
        acting("command: w", "shell: w", "script: files/a.sh -v", "check: {disk: }"),
        acting("command: {argv: [a, 'b c', '{{ x }}'], chdir: /srv}", "command: {argv: '{{ words }}'}"),
        acting("{shell: {cmd: w, chdir: '{{ folder }}'}, effect: once, timeout: 86400, verify: test -f /x}"),
        acting("{shell: w, effect: idempotent}", "{command: {argv: [w]}, effect: read}"),
        acting("pause: {minutes: 0.5}", "pause: {seconds: 3}", "debug: {msg: '{{ x }}'}"),
        acting(
            "assert: {that: x is defined}", "assert: {that: [a, b], fail_msg: no, success_msg: '{{ y }}'}"
        ).replace("fail_msg: no", "fail_msg: 'no'"),
    ],
)
def test_what_we_read_an_editor_accepts(
    text: str, schema: Draft202012Validator, working_checks: Checks
) -> None:
    assert read_runbook("m.yml", text.encode(), working_checks)
    assert [error.message for error in schema.iter_errors(value(text.encode()))] == []


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "[]\n",
        "- name: x\n",
        runbook("check: {disk: }").replace("inspection", "inspecton"),
        runbook("check: {disk: }") + acting("check: {disk: }"),
        runbook("check: {disk: }", "  gather_facts: true\n"),
        runbook("check: {disk: }", "  become: true\n"),
        runbook("check: {disk: }", "  vars: {a-b: 1}\n"),
        runbook("shell: w"),
        runbook("check: {dsk: }"),
        runbook("check: {}"),
        runbook("check: {disk: , command: w}"),
        runbook("check: {disk: 3}"),
        runbook("check: {disk: {dept: 3}}"),
        runbook("check: {disk: {depth: 12}}"),
        runbook("check: {disk: {mode: slow}}"),
        runbook("check: {disk: {range: {low: 1}}}"),
        runbook("check: {disk: , layer: sytem}"),
        runbook("check: {disk: , unit: GB}"),
        runbook("check: {disk: , warn: true}"),
        runbook("check: {disk: , warn: {usd_pct: 1}}"),
        runbook("check: {site_test: 'a.py::b', warn: 1}"),
        runbook("check: {command: }"),
        runbook("{check: {disk: }, timeout: 0}"),
        runbook("{check: {disk: }, timeout: }"),
        runbook("{check: {disk: }, id: Bad Id}"),
        runbook("{check: {disk: }, name: ''}"),
        runbook("debug: {msg: x}"),
        runbook("{check: {disk: }, timeout: 601}"),
        acting("{name: x}"),
        acting("{command: w, shell: w}"),
        acting("{check: {disk: }, debug: {msg: x}}"),
        acting("command: "),
        acting("command: [w]"),
        acting("command: {}"),
        acting("command: {cmd: w, argv: [w]}"),
        acting("command: {argv: []}"),
        acting("command: {argv: [3]}"),
        acting("command: {cmd: w, chdir: tmp}"),
        acting("shell: {argv: [w]}"),
        acting("shell: ''"),
        acting("debug: x"),
        acting("pause: {}"),
        acting("pause: {seconds: 1, minutes: 1}"),
        acting("pause: {seconds: 0}"),
        acting("pause: {seconds: '{{ n }}'}"),
        acting("assert: {that: []}"),
        acting("assert: {fail_msg: x}"),
        acting("{check: {disk: }, effect: read}"),
        acting("{check: {disk: }, verify: w}"),
        acting("{pause: {seconds: 1}, timeout: 3}"),
        acting("{debug: {msg: x}, verify: w}"),
        acting("{command: w, timeout: 86401}"),
        acting("{command: w, effect: }"),
        acting("{command: w, effect: reads}"),
        acting("{command: w, when: x}"),
        acting("{shell: 'a {{ b }}', effect: read}"),
        acting("{shell: {cmd: 'a {{ b }}'}, effect: read}"),
        acting("{command: {argv: [a, '{{ b }}']}, effect: idempotent}"),
    ],
)
def test_what_we_refuse_an_editor_marks(
    text: str, schema: Draft202012Validator, working_checks: Checks
) -> None:
    with pytest.raises(InvalidDocument):
        read_runbook("m.yml", text.encode(), working_checks)
    assert not schema.is_valid(value(text.encode()))


def test_a_schema_without_one_of_its_checks_is_not_made(checks: Checks) -> None:
    with pytest.raises(PluginError, match="vanished"):
        runbook_schema(checks)


def test_the_shipped_schema_is_that_of_the_shipped_checks(products: Checks) -> None:
    made = json.dumps(runbook_schema(products), ensure_ascii=False, indent=2) + "\n"
    assert SHIPPED.read_text() == made, (
        "make it anew: wardround schema runbook > runbooks/runbook.schema.json"
    )
    Draft202012Validator.check_schema(json.loads(made))


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("runbooks/*/*.yml"), *ROOT.glob("inventories/*/runbooks/*/*.yml")]),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_shipped_runbook_names_the_schema_and_fits_it(path: Path, products: Checks) -> None:
    data = path.read_bytes()
    first = data.decode().splitlines()[0]
    assert first.startswith(HEADER)
    assert read_runbook(str(path), data, products)
    validator = Draft202012Validator(json.loads(SHIPPED.read_text()))
    assert [error.message for error in validator.iter_errors(value(data))] == []


def test_the_references_examples_are_runbooks(products: Checks) -> None:
    text = (ROOT / "docs/reference/runbook.md").read_text()
    inspection, restart = re.findall("```yaml\n(.*?)```", text, re.DOTALL)
    assert read_runbook("m.yml", inspection.encode(), products).plays[0].tasks[0].id == "data-volume"
    assert read_runbook("m.yml", restart.encode(), products).plays[0].tasks[0].id == "stop"
