"""Every ssh argument is honoured or refused by name; nothing is passed over."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.model.host import Jump
from orchestrator.planning.ssh_arguments import SshArguments, read_ssh_arguments


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", SshArguments()),
        ("-J bastion", SshArguments(jumps=(Jump("bastion"),))),
        ("-Jops@bastion:2222", SshArguments(jumps=(Jump("bastion", 2222, "ops"),))),
        ("-o ProxyJump=one,two:23", SshArguments(jumps=(Jump("one"), Jump("two", 23)))),
        ("-o 'ProxyJump one'", SshArguments(jumps=(Jump("one"),))),
        ("-J [fe80::1]:22", SshArguments(jumps=(Jump("fe80::1"),))),
        ("-oProxyJump=none", SshArguments()),
        ("-o ProxyCommand='ssh -W %h:%p -q ops@bastion'", SshArguments(jumps=(Jump("bastion", 22, "ops"),))),
        ("-oProxyCommand='ssh -p 23 -l ops b -W %h:%p'", SshArguments(jumps=(Jump("b", 23, "ops"),))),
        ("-o ProxyCommand='nc -X 5 %h %p'", SshArguments(proxy_command="nc -X 5 %h %p")),
        ("-o ProxyCommand='ssh -i k -W %h:%p b'", SshArguments(proxy_command="ssh -i k -W %h:%p b")),
        ("-p 2222 -l root -i ~/key", SshArguments(port=2222, user="root", key_file="~/key")),
        ("-o Port=22 -o Port=23", SshArguments(port=22)),
        ("-o connecttimeout=3", SshArguments(connect_timeout=3)),
        ("-o StrictHostKeyChecking=yes", SshArguments()),
    ],
)  # fmt: skip
def test_arguments_mean_what_ssh_means_by_them(text: str, meaning: SshArguments) -> None:
    assert read_ssh_arguments(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "-o StrictHostKeyChecking=no",
        "-oStrictHostKeyChecking=accept-new",
        "-o UserKnownHostsFile=/dev/null",
        "-o 'ProxyCommand=ssh -o StrictHostKeyChecking=no -W %h:%p b'",
    ],
)
def test_host_key_checking_cannot_be_switched_off(text: str) -> None:
    with pytest.raises(InputError, match="host keys are always checked") as caught:
        read_ssh_arguments(text)
    assert caught.value.hint is not None
    assert "wardround hosts trust" in caught.value.hint.en


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("-o ControlMaster=auto", "-o controlmaster"),
        ("-C", "-C"),
        ("-F other.config", "-F"),
        ("-o", "-o "),
        ("bastion", "bastion"),
        ("-p 0", "no port"),
        ("-p 99999", "no port"),
        ("-J a@b@c", "no jump host"),
        ("-o ConnectTimeout=soon", "no number of seconds"),
        ("-o 'ProxyJump", "unbalanced quotes"),
    ],
)
def test_what_is_not_honoured_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_ssh_arguments(text)


@given(st.text(alphabet="-oJpilW =,:@%h'\"abc19[]", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert read_ssh_arguments(text) == read_ssh_arguments(text)
