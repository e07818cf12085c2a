"""Ansible's connection variables to a Connection: what would change the way is honoured or refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.host import Become, BecomeMethod, Connection, Jump, Transport
from orchestrator.model.secret import Secret
from orchestrator.planning.complaints import Complaint, Complaints
from orchestrator.planning.filters import to_bool
from orchestrator.planning.ssh_arguments import (
    SshArguments,
    host_keys_are_checked,
    read_port,
    read_seconds,
    read_ssh_arguments,
)
from orchestrator.planning.variables import Scope

Read = TypeVar("Read")

HIDDEN = str(Secret(""))
"""How a plan shows a way that a secret variable went into."""

# Of several names Ansible takes the last one that is set.
_ADDRESS = ("ansible_host", "ansible_ssh_host")
_PORT = ("ansible_port", "ansible_ssh_port")
_USER = ("ansible_user", "ansible_ssh_user")
_KEY_FILE = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_PASSWORD = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
_TIMEOUT = ("ansible_timeout", "ansible_ssh_timeout")
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_HOST_KEY_CHECKING = ("ansible_host_key_checking", "ansible_ssh_host_key_checking")
_BECOME_USER = ("ansible_become_user", "ansible_{method}_user")
_BECOME_PASSWORD = ("ansible_become_password", "ansible_become_pass", "ansible_{method}_pass")

_REFUSED = {
    "ansible_private_key": "ansible_ssh_private_key_file",
    "ansible_ssh_private_key": "ansible_ssh_private_key_file",
    "ansible_private_key_passphrase": "ansible_ssh_private_key_file",
    "ansible_ssh_private_key_passphrase": "ansible_ssh_private_key_file",
    "ansible_ssh_pkcs11_provider": "ansible_ssh_private_key_file",
    "ansible_ssh_executable": "ansible_ssh_common_args",
    "ansible_become_exe": "ansible_become_method",
    "ansible_become_flags": "ansible_become_method",
    "ansible_sudo_exe": "ansible_become_method",
    "ansible_sudo_flags": "ansible_become_method",
    "ansible_su_exe": "ansible_become_method",
    "ansible_su_flags": "ansible_become_method",
}
_TRANSPORTS = {"ssh": Transport.SSH, "smart": Transport.SSH, "local": Transport.LOCAL}


@dataclass(frozen=True, slots=True)
class Way:
    """A connection, and how a plan shows it."""

    connection: Connection
    shown: str
    """`user@address:port via jump`, or `local`, or HIDDEN."""


def read_way(host: str, scope: Scope, complaints: Complaints, connect_timeout: float = 10.0) -> Way | None:
    """How `host` is reached, or None after complaining of every variable that is wrong."""
    reader = _Reader(host, scope, complaints)
    reader.refuse_unsupported()
    transport = reader.read(("ansible_connection",), _transport) or Transport.SSH
    address = reader.read(_ADDRESS, _text) or host
    port = reader.read(_PORT, read_port)
    user = reader.read(_USER, _text)
    key_file = reader.read(_KEY_FILE, _key_file)
    arguments = [reader.read((name,), lambda value: read_ssh_arguments(_text(value))) for name in _ARGUMENTS]
    timeout = reader.read(_TIMEOUT, read_seconds)
    password = reader.read(_PASSWORD, _secret)
    become = _become(reader)
    said = _merged([found for found in arguments if found])
    inherited_key = reader.check(_ARGUMENTS, said.key_file, _key_file)
    if reader.complained:
        return None
    local = transport is Transport.LOCAL
    connection = Connection(
        transport=transport,
        address=address,
        port=port or said.port or 22,
        user=user or said.user,
        key_file=key_file or inherited_key,
        password=password,
        jumps=() if local else said.jumps,
        proxy_command=None if local else said.proxy_command,
        connect_timeout=timeout or said.connect_timeout or connect_timeout,
        become=become,
    )
    return Way(connection, _shown(connection, reader.used_secret))


class _Reader:
    """Reads one host's variables and complains of each that can't be used."""

    def __init__(self, host: str, scope: Scope, complaints: Complaints) -> None:
        self._host = host
        self._scope = scope
        self._complaints = complaints
        self.complained = False
        self.used_secret = False
        """Whether a secret went into what would be shown; passwords never are."""

    def read(self, names: tuple[str, ...], convert: Callable[[Any], Read]) -> Read | None:
        """The last of `names` that has a value, converted; None if none has."""
        for name in reversed(names):
            try:
                found = self._scope.get(name)
                if found is None or found.value is None or found.value == "":
                    continue
                if convert is not _secret:
                    self.used_secret = self.used_secret or bool(found.secrets)
                return convert(found.value)
            except InputError as error:
                self._complain(name, error)
                return None
        return None

    def check(self, names: tuple[str, ...], value: Any, convert: Callable[[Any], Read]) -> Read | None:
        """Convert what was found inside the value of one of `names`."""
        try:
            return None if value is None else convert(value)
        except InputError as error:
            self._complain(" / ".join(name for name in names if name in self._scope), error)
            return None

    def refuse_unsupported(self) -> None:
        for name, instead in _REFUSED.items():
            self.read((name,), partial(_unsupported, instead))
        for name in _HOST_KEY_CHECKING:
            self.read((name,), _checking)

    def _complain(self, name: str, error: InputError) -> None:
        self.complained = True
        self._complaints.add(self._host, Complaint.of("connection-variable", name, error))


def _become(reader: _Reader) -> Become | None:
    wanted = reader.read(("ansible_become",), _flag)
    method = reader.read(("ansible_become_method",), _method) or BecomeMethod.SUDO
    if not wanted:
        return None
    user = reader.read(tuple(name.format(method=method) for name in _BECOME_USER), _text) or "root"
    password = reader.read(tuple(name.format(method=method) for name in _BECOME_PASSWORD), _secret)
    return Become(method, user, password)


def _merged(arguments: list[SshArguments]) -> SshArguments:
    """Several variables make one command line, on which the first word counts."""
    said = SshArguments()
    for found in arguments:
        said = SshArguments(
            jumps=said.jumps or (() if said.proxy_command else found.jumps),
            proxy_command=said.proxy_command or (None if said.jumps else found.proxy_command),
            port=said.port or found.port,
            user=said.user or found.user,
            key_file=said.key_file or found.key_file,
            connect_timeout=said.connect_timeout or found.connect_timeout,
        )
    return said


def _shown(connection: Connection, secret: bool) -> str:
    if secret:
        return HIDDEN
    local = connection.transport is Transport.LOCAL
    shown = "local" if local else f"{_login(connection)}{_via(connection)}"
    if connection.become:
        shown += f" become {connection.become.user} ({connection.become.method})"
    return shown


def _via(connection: Connection) -> str:
    if connection.proxy_command:
        return f" via {connection.proxy_command}"
    return "".join(f" via {_login(jump)}" for jump in connection.jumps)


def _login(end: Connection | Jump) -> str:
    address = f"[{end.address}]" if ":" in end.address else end.address
    return f"{f'{end.user}@' if end.user else ''}{address}:{end.port}"


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InputError(Text("应为文本", "text is expected"))
    return str(value)


def _secret(value: object) -> Secret:
    return Secret(_text(value))


def _flag(value: object) -> bool:
    try:
        return to_bool(value)
    except ValueError:
        raise InputError(
            Text(f"{value!r} 既不是 yes 也不是 no", f"{value!r} is neither yes nor no")
        ) from None


def _checking(value: object) -> None:
    if not _flag(value):
        raise host_keys_are_checked(str(value))


def _transport(value: object) -> Transport:
    name = _text(value).removeprefix("ansible.builtin.")
    if name not in _TRANSPORTS:
        raise InputError(
            Text(f"尚不支持连接方式 {name}", f"the connection {name} is not supported yet"),
            Text("支持 ssh 和 local", "supported: ssh and local"),
        )
    return _TRANSPORTS[name]


def _method(value: object) -> BecomeMethod:
    name = _text(value).removeprefix("ansible.builtin.")
    try:
        return BecomeMethod(name)
    except ValueError:
        raise InputError(
            Text(f"不支持提权方式 {name}", f"the become method {name} is not supported"),
            Text("支持 sudo 和 su", "supported: sudo and su"),
        ) from None


def _key_file(value: object) -> Path:
    """Raises InputError where ssh would only warn, try to log in without the key and fail later."""
    path = Path(_text(value)).expanduser().absolute()
    if not path.is_file():
        raise InputError(Text(f"私钥文件 {path} 不存在", f"the key file {path} does not exist"))
    if not os.access(path, os.R_OK):
        raise InputError(Text(f"私钥文件 {path} 不可读", f"the key file {path} can't be read"))
    return path


def _unsupported(instead: str, _value: object) -> None:
    raise InputError(
        Text("不支持这个变量", "this variable is not supported"),
        Text(f"改用 {instead}", f"use {instead} instead"),
    )
