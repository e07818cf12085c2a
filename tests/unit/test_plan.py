"""A plan says all of what will be done, nothing secret, and never depends on chance."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orchestrator.errors import InputError, InvalidDocument, InvalidInventory
from orchestrator.language import Language
from orchestrator.model.effect import Effect
from orchestrator.model.inventory import Inventory, Verbatim
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind, Play, Runbook
from orchestrator.planning.digest import canonical, plan_digest
from orchestrator.planning.hosts import open_variables
from orchestrator.planning.secrets import reveal
from tests.unit.planning_cast import host, inventory, plan, play, runbook, task

URL = "postgresql://his:{{ db_password }}@{{ inventory_hostname }}/{{ database }}"


def planned(*plays: Play, stock: Inventory | None = None) -> Plan:
    return plan(runbook(*plays), stock or inventory(host("db01", "db"), host("web01")))[0]


def refusal(book: Runbook, stock: Inventory) -> str:
    with pytest.raises(InputError) as caught:
        plan(book, stock)
    assert caught.value.say(Language.ZH)
    return caught.value.say(Language.EN)


def vaulted_host(name: str = "db01", password: str = "hunter22", **variables: object) -> Inventory:
    return inventory(
        host(
            name,
            "db",
            vaulted=["db_password"],
            db_password=Verbatim(password),
            dsn="pg://{{ db_password }}@x",
            **variables,
        )
    )


def test_hosts_come_in_ansibles_order_and_once_with_the_checks_of_all_their_plays() -> None:
    stock = inventory(host("b"), host("a"), first=("b",), second=("a", "b"))
    made = planned(
        play(task(id="one"), hosts="first"),
        play(task(id="two"), task(id="three"), hosts="second"),
        stock=stock,
    )
    assert [(one.name, [check.id for check in one.checks]) for one in made.hosts] == [
        ("b", ["one", "two", "three"]),
        ("a", ["two", "three"]),
    ]


def test_parameters_are_rendered_for_each_host() -> None:
    stock = inventory(host("db01", data="/u01"), host("web01", data="/srv"))
    made = planned(
        play(task(arguments={"path": "{{ data }}", "depth": "{{ levels }}"}), levels=2), stock=stock
    )
    assert [dict(one.checks[0].parameters) for one in made.hosts] == [
        {"path": "/u01", "depth": 2},
        {"path": "/srv", "depth": 2},
    ]


def test_a_plays_variables_hold_for_their_play_only() -> None:
    made = planned(
        play(task(arguments={"path": "{{ where }}"}, id="one"), where="/a"),
        play(task(arguments={"path": "{{ where }}"}, id="two"), where="/b"),
    )
    assert [check.parameters["path"] for check in made.hosts[0].checks] == ["/a", "/b"]


def test_a_check_keeps_what_its_catalogue_says() -> None:
    check = planned(play(task())).hosts[0].checks[0]
    assert (check.code, check.layer, check.effect, check.timeout) == ("LNX05", "system", Effect.READ, 10.0)


def test_the_digest_is_that_of_the_content_and_the_same_every_time() -> None:
    made, again = planned(play(task())), planned(play(task()))
    assert made.digest == again.digest == plan_digest(made)
    assert planned(play(task(id="other"))).digest != made.digest


def test_a_secret_parameter_stays_a_template_in_the_plan_and_opens_with_the_host() -> None:
    stock = vaulted_host()
    made, hosts = plan(runbook(play(task("database", {"url": URL}), database="his")), stock)
    assert b"hunter22" not in canonical(made)
    concealed = made.hosts[0].checks[0].parameters["url"]
    assert reveal(concealed, hosts["db01"]) == "postgresql://his:hunter22@db01/his"
    assert reveal(json.loads(json.dumps(concealed)), hosts["db01"]) == "postgresql://his:hunter22@db01/his"


def test_a_password_that_looks_like_a_template_is_not_rendered() -> None:
    made, hosts = plan(
        runbook(play(task("database", {"url": "{{ db_password }}"}))), vaulted_host(password="{{ 1 + 1 }}")
    )
    assert reveal(made.hosts[0].checks[0].parameters["url"], hosts["db01"]) == "{{ 1 + 1 }}"


def test_a_changed_secret_changes_the_digest_but_cannot_be_guessed_without_the_key() -> None:
    book = runbook(play(task("database", {"url": "{{ dsn }}"})))
    one, other = plan(book, vaulted_host(password="first"))[0], plan(book, vaulted_host(password="second"))[0]
    assert one.digest != other.digest
    assert (
        one.hosts[0].secrets != plan(book, vaulted_host(password="first"), key=b"other")[0].hosts[0].secrets
    )


def test_a_host_that_uses_no_secret_has_no_fingerprint() -> None:
    assert planned(play(task()), stock=vaulted_host()).hosts[0].secrets == ""
    secret_login = inventory(host("db01", ansible_password="pw"))
    assert planned(play(task()), stock=secret_login).hosts[0].secrets


@pytest.mark.parametrize("template", ["{{ db_password }}", "{{ dsn }}", "/{{ db_password | length }}"])
def test_a_secret_never_gets_into_a_parameter_that_is_shown(template: str) -> None:
    said = refusal(runbook(play(task(arguments={"path": template}))), vaulted_host())
    assert "disk.path: would put the secret db_password into plan and records" in said
    assert "hunter22" not in said


def test_the_worker_masks_every_secret_value_of_a_host() -> None:
    stock = vaulted_host(api={"token": "x"}, nested_secret=["one", {"two": 2}], token_file="/etc/token")
    _, hosts = plan(runbook(play(task())), stock)
    assert {secret.reveal() for secret in hosts["db01"].secrets} == {"hunter22", "one", "2"}


def test_a_check_sees_no_variable_that_holds_a_secret() -> None:
    _, hosts = plan(runbook(play(task())), vaulted_host(port=5432, facts="{{ ansible_fqdn }}"))
    assert open_variables(hosts["db01"]) == {"port": 5432}


def test_a_template_error_points_at_its_line_and_is_said_once_for_all_hosts() -> None:
    stock = inventory(*(host(f"h{number:02}") for number in range(60)))
    book = runbook(play(task(arguments={"path": "{{ nowhere }}"})))
    said = refusal(book, stock)
    assert said.startswith("morning.yml:11:1: [h00, h01,")
    assert "and 52 more] disk.path: undefined variable: 'nowhere' is undefined" in said
    assert len(said.splitlines()) == 1


def test_all_errors_of_all_hosts_are_said_at_once() -> None:
    stock = inventory(host("db01", ansible_port="x"), host("web01", depth="deep"))
    book = runbook(
        play(
            task(arguments={"path": "{{ nowhere }}"}, id="one", line=10),
            task(arguments={"depth": "{{ depth | default(1) }}"}, id="two", line=20),
            task(check="dsik", id="three", line=30),
            task(arguments={"pth": "/"}, id="four", line=40),
            task(check="database", id="five", line=50),
        )
    )
    with pytest.raises(InvalidDocument) as caught:
        plan(book, stock)
    found = {
        (str(one.position), one.message.en, one.hint.en if one.hint else "")
        for one in caught.value.diagnostics
    }
    assert found == {
        ("hosts.yml:1:1", "[db01] ansible_port: 'x' is no port", ""),
        (
            "morning.yml:11:1",
            "[db01, web01] disk.path: undefined variable: 'nowhere' is undefined",
            "define it in inventory or runbook, or use `default`",
        ),
        (
            "morning.yml:21:1",
            "[web01] disk.depth: Input should be a valid integer, unable to parse string as an integer",
            "",
        ),
        ("morning.yml:30:1", "[db01, web01] there is no check dsik", "did you mean disk?"),
        ("morning.yml:41:1", "[db01, web01] disk.pth: there is no such parameter", "it takes path"),
        ("morning.yml:50:1", "[db01, web01] database.url: this parameter is missing", ""),
    }


def test_errors_of_the_inventory_alone_need_no_document() -> None:
    stock = inventory(host("db01", ansible_port="x"), host("web01", ansible_port="x"), host("ok"))
    with pytest.raises(InvalidInventory) as caught:
        plan(runbook(play(task())), stock)
    assert caught.value.say(Language.EN) == "[db01, web01] ansible_port: 'x' is no port"


def test_a_check_that_changes_hosts_has_no_place_in_an_inspection() -> None:
    book = runbook(play(task("cleaner")))
    stock = inventory(host("db01"))
    assert "changes hosts" in refusal(book, stock)
    assert plan(replace(book, kind=Kind.ROUTINE), stock)[0].effect is Effect.IDEMPOTENT


def test_a_runbook_cannot_change_how_hosts_are_reached_or_carry_passwords() -> None:
    said = refusal(runbook(play(task(), ansible_user="root", db_password="x")), inventory(host("db01")))
    assert "the connection variable ansible_user can't stand in a runbook" in said
    assert "the variable db_password looks like a secret in plain text" in said


def test_the_same_task_id_twice_on_a_host_is_an_error() -> None:
    said = refusal(runbook(play(task()), play(task())), inventory(host("db01")))
    assert "the task id disk occurs twice" in said


def test_a_secret_parameter_that_cannot_be_opened_is_found_while_planning() -> None:
    stock = inventory(host("db01"), host("web01", url="x"))
    book = runbook(play(task("database", {"url": "{{ hostvars['web01'].url }}"}), hosts="db"))
    said = refusal(book, replace(stock, matches={"db": ("db01",)}))
    assert "database.url: undefined variable" in said


def test_an_accepted_command_runs_as_it_was_accepted_and_no_variable_changes_it() -> None:
    stock = inventory(host("db01", path="/; reboot"))
    assert planned(play(task("command", {"command": "df -P /"})), stock=stock).size == 1
    said = refusal(runbook(play(task("command", {"command": "df -P {{ path }}"}))), stock)
    assert "command.command: it is accepted as it is written, and can hold no template" in said


def test_an_accepted_command_may_ask_the_shell_for_a_length() -> None:
    (check,) = planned(play(task("command", {"command": "echo ${#PATH}"}))).hosts[0].checks
    assert check.parameters == {"command": "echo ${#PATH}"}
