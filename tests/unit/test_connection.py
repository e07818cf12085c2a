"""Ansible's connection variables lead where Ansible would go, or are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InvalidInventory
from orchestrator.language import Language
from orchestrator.model.host import Become, BecomeMethod, Connection, Jump, Transport
from orchestrator.model.inventory import InventoryHost
from orchestrator.model.secret import Secret
from orchestrator.planning.complaints import Complaints
from orchestrator.planning.connection import HIDDEN, Way, read_way
from orchestrator.planning.variables import Variables
from tests.unit.planning_cast import host, inventory


def way(described: InventoryHost) -> Way:
    complaints = Complaints()
    found = read_way(described.name, Variables(inventory(described)).of(described.name), complaints)
    complaints.raise_any()
    assert found is not None
    return found


def connection(**variables: object) -> Connection:
    return way(InventoryHost("db01", (), variables)).connection


def refusal(**variables: object) -> str:
    with pytest.raises(InvalidInventory) as caught:
        connection(**variables)
    return caught.value.say(Language.EN)


def test_a_host_without_variables_is_reached_by_ssh_under_its_name() -> None:
    assert connection() == Connection(Transport.SSH, "db01")


def test_every_variable_of_the_way_is_honoured(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k")
    assert connection(
        site_net="10.0.0",
        ansible_host="{{ site_net }}.5",
        ansible_port="2222",
        ansible_user="ops",
        ansible_ssh_private_key_file=str(key),
        ansible_password="pw",
        ansible_ssh_common_args="-o ProxyJump=bastion -o ConnectTimeout=3",
        ansible_become="yes",
        ansible_become_password="bpw",
    ) == Connection(
        transport=Transport.SSH,
        address="10.0.0.5",
        port=2222,
        user="ops",
        key_file=key,
        password=Secret("pw"),
        jumps=(Jump("bastion"),),
        connect_timeout=3,
        become=Become(BecomeMethod.SUDO, "root", Secret("bpw")),
    )


def test_older_names_count_and_the_more_special_one_wins_as_with_ansible() -> None:
    found = connection(ansible_host="a", ansible_ssh_host="b", ansible_ssh_port=23, ansible_ssh_user="u")
    assert (found.address, found.port, found.user) == ("b", 23, "u")


def test_variables_come_before_arguments_and_common_before_extra_arguments() -> None:
    found = connection(
        ansible_port=22, ansible_ssh_common_args="-p 23 -l common", ansible_ssh_extra_args="-l extra -J b"
    )
    assert (found.port, found.user, found.jumps) == (22, "common", (Jump("b"),))


@pytest.mark.parametrize("name", ["local", "ansible.builtin.local"])
def test_a_local_connection_is_local(name: str) -> None:
    assert connection(ansible_connection=name).transport is Transport.LOCAL


def test_su_takes_its_own_user_and_password() -> None:
    found = connection(
        ansible_become=True, ansible_become_method="su", ansible_su_user="oracle", ansible_su_pass="x"
    )
    assert found.become == Become(BecomeMethod.SU, "oracle", Secret("x"))


def test_become_is_off_unless_it_is_asked_for() -> None:
    assert connection(ansible_become_user="oracle", ansible_become=False).become is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ansible_connection": "winrm"}, "the connection winrm is not supported yet"),
        ({"ansible_port": "ssh"}, "ansible_port: 'ssh' is no port"),
        ({"ansible_port": True}, "is no port"),
        ({"ansible_become": "perhaps"}, "neither yes nor no"),
        ({"ansible_become_method": "doas"}, "the become method doas is not supported"),
        ({"ansible_ssh_private_key_file": "/no/such/key"}, "the key file /no/such/key does not exist"),
        ({"ansible_ssh_common_args": "-i /no/such/key"}, "ansible_ssh_common_args: the key file"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}, "host keys are always checked"),
        ({"ansible_host_key_checking": False}, "host keys are always checked"),
        (
            {"ansible_ssh_private_key": "-----BEGIN"},
            "ansible_ssh_private_key: this variable is not supported",
        ),
        ({"ansible_become_flags": "-H"}, "ansible_become_flags: this variable is not supported"),
        ({"ansible_host": "{{ nowhere }}"}, "ansible_host: undefined variable: 'nowhere'"),
        ({"ansible_user": ["a"]}, "ansible_user: text is expected"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_host_and_variable(
    variables: dict[str, object], said: str
) -> None:
    refused = refusal(**variables)
    assert said in refused
    assert refused.startswith("[db01]")


def test_all_errors_of_a_host_are_said_at_once() -> None:
    refused = refusal(ansible_port=0, ansible_connection="winrm", ansible_become="perhaps")
    assert len(refused.splitlines()) == 3


def test_a_plan_shows_the_way() -> None:
    shown = way(host("db01", ansible_user="ops", ansible_ssh_common_args="-J a@b", ansible_become=True)).shown
    assert shown == "ops@db01:22 via a@b:22 become root (sudo)"
    assert way(host("db01", ansible_connection="local")).shown == "local"


def test_a_plan_shows_nothing_of_a_way_that_a_secret_went_into() -> None:
    assert (
        way(host("db01", ansible_host="{{ hidden }}", hidden="10.0.0.5", vaulted=["hidden"])).shown == HIDDEN
    )


def test_a_password_does_not_hide_the_way() -> None:
    assert way(host("db01", ansible_password="pw", vaulted=["ansible_password"])).shown == "db01:22"


def test_nothing_of_a_password_is_in_the_connections_repr() -> None:
    assert "hunter2" not in repr(connection(ansible_password="hunter2"))
