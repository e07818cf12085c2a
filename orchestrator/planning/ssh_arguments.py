"""Reads `ansible_ssh_common_args` and its kin: what we honour, and a refusal by name of all that we don't."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.host import Jump

_TAKES_VALUE = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
_OPTION_OF = {"J": "proxyjump", "i": "identityfile", "l": "user", "p": "port"}
_HOST_KEYS = frozenset({"stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile"})
_JUMP = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?P<address>\[[0-9A-Fa-f:.%]+\]|[^@:\s\[\]]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class SshArguments:
    """What the arguments said; None where they said nothing."""

    jumps: tuple[Jump, ...] = ()
    proxy_command: str | None = None
    port: int | None = None
    user: str | None = None
    key_file: str | None = None
    connect_timeout: float | None = None


def read_ssh_arguments(text: str) -> SshArguments:
    """Read one variable's worth of arguments. As with ssh, the first of two equal options counts.

    Raises:
        InputError: an argument that we don't honour, or that would switch host key checking off.
    """
    found = SshArguments()
    seen: set[str] = set()
    for option, value in _options(text):
        if option not in seen:
            found = _apply(found, option, value)
        seen.add(option)
    return found


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Option names in lower case with their values."""
    words = iter(_split(text))
    for word in words:
        if len(word) < 2 or word[0] != "-":
            raise _not_honoured(word)
        letter, value = word[1], word[2:]
        if letter in _TAKES_VALUE and not value:
            value = next(words, "")
        if letter == "o":
            name, _, value = re.sub(r"\s*=\s*|\s+", "=", value.strip(), count=1).partition("=")
            yield name.lower(), value
        elif letter in _OPTION_OF:
            yield _OPTION_OF[letter], value
        else:
            raise _not_honoured(word)


def _apply(found: SshArguments, option: str, value: str) -> SshArguments:
    match option:
        case "proxyjump":
            return replace(found, jumps=() if value.lower() == "none" else _jumps(value))
        case "proxycommand":
            return _proxied(found, value)
        case "port":
            return replace(found, port=read_port(value))
        case "user":
            return replace(found, user=value)
        case "identityfile":
            return replace(found, key_file=value)
        case "connecttimeout":
            return replace(found, connect_timeout=read_seconds(value))
        case "stricthostkeychecking" if value.lower() in {"yes", "true"}:
            return found
        case _ if option in _HOST_KEYS:
            raise host_keys_are_checked(f"{option}={value}")
    raise _not_honoured(f"-o {option}")


def _proxied(found: SshArguments, command: str) -> SshArguments:
    if command.lower() == "none":
        return found
    lowered = command.lower()
    if any(option in lowered for option in _HOST_KEYS):
        raise host_keys_are_checked("ProxyCommand")
    jump = _forwarding(_split(command))
    return replace(found, jumps=jump) if jump else replace(found, proxy_command=command)


def _forwarding(words: list[str]) -> tuple[Jump, ...]:
    """The way that `ssh [-q] [-p PORT] [-l USER] -W %h:%p HOST` takes; empty if it is another command."""
    if not words or words[0].rpartition("/")[2] != "ssh":
        return ()
    port: int | None = None
    user: str | None = None
    hosts: list[str] = []
    forwards = False
    rest = iter(words[1:])
    for word in rest:
        if word == "-q":
            continue
        if word[:2] not in {"-W", "-p", "-l"}:
            hosts.append(word)
            continue
        value = word[2:] or next(rest, "")
        match word[:2]:
            case "-W":
                forwards = value in {"%h:%p", "[%h]:%p"}
            case "-p":
                port = read_port(value)
            case "-l":
                user = value
    if not forwards or len(hosts) != 1 or hosts[0].startswith("-"):
        return ()
    (jump,) = _jumps(hosts[0])
    return (Jump(jump.address, port or jump.port, user or jump.user),)


def _jumps(text: str) -> tuple[Jump, ...]:
    return tuple(_jump(part.strip()) for part in text.split(","))


def _jump(text: str) -> Jump:
    match = _JUMP.fullmatch(text.removeprefix("ssh://"))
    if match is None:
        raise InputError(
            Text(f"{text!r} 不是跳板机", f"{text!r} is no jump host"),
            Text("写成 用户@主机:端口", "write it as user@host:port"),
        )
    port = read_port(match["port"]) if match["port"] else 22
    return Jump(match["address"].strip("[]"), port, match["user"])


def read_port(value: object) -> int:
    """A TCP port.

    Raises:
        InputError: it is none.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65_536:
        raise InputError(Text(f"{text!r} 不是端口号", f"{text!r} is no port"))
    return int(text)


def read_seconds(value: object) -> float:
    """A positive number of seconds.

    Raises:
        InputError: it is none.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text) or float(text) <= 0:
        raise InputError(Text(f"{text!r} 不是秒数", f"{text!r} is no number of seconds"))
    return float(text)


def host_keys_are_checked(what: str) -> InputError:
    return InputError(
        Text(f"不接受 {what}：主机密钥总是要核对的", f"{what} is refused: host keys are always checked"),
        Text(
            "删去它，用 wardround hosts trust 登记首次连接的密钥",
            "remove it, and record first contact by `wardround hosts trust`",
        ),
    )


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(
            Text(f"引号不成对：{text}", f"unbalanced quotes: {text}"),
        ) from error


def _not_honoured(word: str) -> InputError:
    return InputError(
        Text(f"不支持 ssh 参数 {word}", f"the ssh argument {word} is not supported"),
        Text(
            "支持 -J、-i、-l、-p 和 -o ProxyJump、ProxyCommand、ConnectTimeout、Port、User、IdentityFile",
            "supported: -J -i -l -p and -o ProxyJump ProxyCommand ConnectTimeout Port User IdentityFile",
        ),
    )
