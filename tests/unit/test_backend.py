"""testinfra's host over answers that are known: the same results, and no other way to a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import testinfra
from testinfra.utils.ansible_runner import AnsibleRunner

from orchestrator.errors import CannotTell
from orchestrator.execution.answers import Answers, merge
from orchestrator.execution.backend import AnsweredBackend, AnsweredHost, OneWay, answered_host
from orchestrator.execution.inquiry import Inquiry, Suspended
from orchestrator.model.question import Command, CommandAnswer, Question, TcpAnswer, TcpProbe
from tests.inspections import exited, timed_out

ENCODING = "python3 -c 'import locale;print(locale.getpreferredencoding())'"


def known(answers: Mapping[str, CommandAnswer | str]) -> AnsweredHost:
    cache = Answers()
    cache.learn(
        {Command(text): exited(one) if isinstance(one, str) else one for text, one in answers.items()}
    )
    return answered_host(AnsweredBackend("his-db01", Inquiry(cache, 10.0)))


def test_a_command_that_is_known_is_answered_byte_for_byte() -> None:
    host = known({"ls 'a b'": exited(b"\x00\xff no newline", 3, b"warning\n")})
    result = host.run("ls %s", "a b")
    assert (result.rc, result.stdout_bytes, result.stderr) == (3, b"\x00\xff no newline", "warning\n")
    assert result.command == b"ls 'a b'"


def test_a_command_that_is_not_known_suspends_past_any_except_exception() -> None:
    with pytest.raises(Suspended):
        known({}).run("uptime")
    assert not issubclass(Suspended, Exception)


def test_output_is_decoded_as_the_host_speaks() -> None:
    host = known({ENCODING: "GBK\n", "cat note": exited("主机".encode("gbk"))})
    assert host.run("cat note").stdout == "主机"


def test_a_command_goes_out_in_the_encoding_that_the_host_speaks() -> None:
    raw = "ls /备份".encode("gbk")
    host = known({ENCODING: "GBK\n", raw.decode("utf-8", "surrogateescape"): "dump\n"})
    assert host.run("ls /备份").command == raw


def test_sudo_wraps_commands_as_testinfra_does_and_only_within_its_block() -> None:
    host = known({"whoami": "ops", "sudo /bin/sh -c whoami": "root", "sudo -u app /bin/sh -c whoami": "app"})
    with host.sudo():
        assert host.check_output("whoami") == "root"
    with host.sudo("app"):
        assert host.check_output("whoami") == "app"
    with pytest.raises(Suspended), host.sudo():
        host.run("id")
    assert host.check_output("whoami") == "ops"


def test_a_command_that_timed_out_is_no_result_for_testinfra_either() -> None:
    host = known({"sleep 99": timed_out(b"x")})
    with pytest.raises(CannotTell):
        host.run("sleep 99")


@pytest.mark.parametrize(
    "open_another_way",
    [
        lambda host: host.get_host("local://"),
        lambda host: host.get_hosts(["ssh://other"]),
        lambda host: type(host).get_host("docker://app"),
        lambda host: host.ansible("setup"),
        lambda host: host.backend.run_local("id"),
        lambda host: testinfra.get_host("kubectl://pod"),
        lambda host: testinfra.get_host("podman://app"),
        lambda host: testinfra.get_hosts(["paramiko://other"]),
        lambda host: AnsibleRunner("/etc/hosts").get_host("localhost"),
    ],
)
def test_there_is_one_way_to_a_host(open_another_way: Callable[[AnsweredHost], object]) -> None:
    with OneWay(), pytest.raises(CannotTell, match="can't open a way to a host"):
        open_another_way(known({}))


def test_outside_of_checks_testinfra_works_as_ever() -> None:
    with OneWay():
        pass
    assert testinfra.get_host("local://").check_output("echo hello") == "hello"


def test_commands_with_one_text_are_merged_under_the_longest_limit_and_probes_once() -> None:
    probe = TcpProbe("192.0.2.10", 22)
    questions: list[Question] = [
        Command("a", 3.0),
        probe,
        Command("a", 9.0),
        Command("b"),
        probe,
        Command("a", 5.0),
    ]
    assert merge(questions) == (Command("a", 9.0), Command("b"), probe)


def test_a_probe_is_known_under_its_own_values_alone() -> None:
    cache = Answers()
    cache.learn({TcpProbe("192.0.2.10", 22): TcpAnswer(True, 0.1)})
    assert cache.find(TcpProbe("192.0.2.10", 22)) == TcpAnswer(True, 0.1)
    assert cache.find(TcpProbe("192.0.2.10", 23)) is None
