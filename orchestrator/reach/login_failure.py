"""Says truthfully why a login failed: one of the reasons of `Unreachable`, in words that help."""

from __future__ import annotations

import errno
import socket

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text
from orchestrator.reach.host_keys import TrustedKeys
from orchestrator.reach.ssh_library import asyncssh

_CHANNEL_WORDS = (
    ("refused", UnreachableReason.REFUSED),
    ("timed out", UnreachableReason.TIMEOUT),
    ("name", UnreachableReason.DNS),
    ("unknown host", UnreachableReason.DNS),
    ("resol", UnreachableReason.DNS),
)
"""How a jump host's sshd words the failure of the connection that it was asked to make."""


def explain_login(
    host: str, where: str, error: BaseException, *, heard: bool = True, stderr: str = ""
) -> Unreachable:
    """The failure of a login on `where` (`user@address:port`), as the one reason for `host`."""
    reason, zh, en, hint = _explained(error, heard)
    if stderr:
        zh, en = f"{zh}（ProxyCommand：{stderr}）", f"{en} (proxy command: {stderr})"
    return Unreachable(host, reason, Text(f"{where}：{zh}", f"{where}: {en}"), hint)


def unknown_key(host: str, place: str, key: asyncssh.SSHKey) -> Unreachable:
    kind, fingerprint = key.get_algorithm(), key.get_fingerprint()
    return Unreachable(
        host,
        UnreachableReason.HOST_KEY_UNKNOWN,
        Text(
            f"{place} 的主机密钥尚未确认：{kind} {fingerprint}",
            f"nobody has trusted the host key of {place} yet: {kind} {fingerprint}",
        ),
        Text(
            f"在主机控制台核对指纹后执行 wardround hosts trust {host}",
            f"check the fingerprint on the host's console, then run wardround hosts trust {host}",
        ),
    )


def changed_key(host: str, place: str, key: asyncssh.SSHKey | None, trusted: TrustedKeys) -> Unreachable:
    now = f"{key.get_algorithm()} {key.get_fingerprint()}" if key else "revoked"
    before = ", ".join(trusted.fingerprints) or "-"
    return Unreachable(
        host,
        UnreachableReason.HOST_KEY_CHANGED,
        Text(
            f"{place} 的主机密钥变了：记录的是 {before}，现在是 {now}。"
            "主机可能重装过，也可能有人冒充它，因此未登录",
            f"the host key of {place} has changed: {before} is recorded, it now shows {now}. "
            "It may have been reinstalled, or somebody stands in between; we did not log in",
        ),
        Text(
            f"确认主机确实重装过并核对新指纹后执行 wardround hosts trust --replace {host}",
            f"if it was reinstalled and the new fingerprint is right: wardround hosts trust --replace {host}",
        ),
    )


def _explained(error: BaseException, heard: bool) -> tuple[UnreachableReason, str, str, Text | None]:
    match error:
        case TimeoutError() | asyncssh.ConnectionLost(reason="Login timeout expired"):
            return _timeout(heard)
        case OSError():
            return _network(error)
        case asyncssh.ChannelOpenError():
            return _channel(error)
        case asyncssh.PermissionDenied() | asyncssh.IllegalUserName():
            return _refused_credentials()
        case asyncssh.DisconnectError() if "authentication failures" in error.reason:
            return _refused_credentials()
        case asyncssh.ConnectionLost() if heard:
            return (
                UnreachableReason.PROTOCOL,
                "登录未完成时连接被对方关闭",
                "it closed the connection before the login was complete",
                Text(
                    "查看该主机 sshd 日志（MaxStartups、fail2ban 等）",
                    "see its sshd log (MaxStartups, fail2ban ...)",
                ),
            )
        case asyncssh.ConnectionLost():
            return (
                UnreachableReason.PROTOCOL,
                "接受连接后立即关闭，没有 SSH 应答",
                "it accepts the connection and closes it without a word of SSH",
                None,
            )
    words = str(error) or type(error).__name__
    return UnreachableReason.PROTOCOL, f"SSH 协商失败：{words}", f"no SSH session comes about: {words}", None


def _timeout(heard: bool) -> tuple[UnreachableReason, str, str, Text | None]:
    if heard:
        zh, en = "登录中途不再应答", "it stopped answering in the middle of the login"
    else:
        zh, en = "限时内没有应答", "no answer in the time allowed"
    return UnreachableReason.TIMEOUT, zh, en, None


def _network(error: OSError) -> tuple[UnreachableReason, str, str, Text | None]:
    match error:
        case socket.gaierror():
            hint = Text("检查 ansible_host 或域名服务", "check ansible_host, or the name server")
            return UnreachableReason.DNS, "主机名无法解析", "its name has no address", hint
        case ConnectionRefusedError():
            hint = Text("sshd 是否在运行，ansible_port 是否正确", "is sshd running, is ansible_port right?")
            return (
                UnreachableReason.REFUSED,
                "连接被拒绝（端口无人监听）",
                "nothing listens on the port",
                hint,
            )
        case ConnectionResetError() | BrokenPipeError():
            return UnreachableReason.PROTOCOL, "连接被对方重置", "it reset the connection", None
        case OSError(errno=errno.ETIMEDOUT):
            return UnreachableReason.TIMEOUT, "限时内没有应答", "no answer in the time allowed", None
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return UnreachableReason.NO_ROUTE, "网络不可达", "there is no route to it", None
    words = error.strerror or str(error)
    return UnreachableReason.NO_ROUTE, f"连接失败：{words}", f"can't connect: {words}", None


def _channel(error: asyncssh.ChannelOpenError) -> tuple[UnreachableReason, str, str, Text | None]:
    words = error.reason.strip() or "no reason given"
    reason = next(
        (reason for word, reason in _CHANNEL_WORDS if word in words.lower()), UnreachableReason.NO_ROUTE
    )
    return reason, f"跳板机无法连到它：{words}", f"the jump host can't connect to it: {words}", None


def _refused_credentials() -> tuple[UnreachableReason, str, str, Text | None]:
    return (
        UnreachableReason.AUTH,
        "不接受我们的用户名、密钥或密码",
        "it does not accept our user name, key or password",
        Text(
            "检查 ansible_user、ansible_ssh_private_key_file、ansible_password",
            "check ansible_user, ansible_ssh_private_key_file and ansible_password",
        ),
    )
