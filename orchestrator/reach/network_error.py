"""Says in plain words why a connection from the worker failed."""

from __future__ import annotations

import errno
import socket
import ssl

from orchestrator.language import Text
from orchestrator.reach.shortage import shortage


def explain(error: BaseException) -> Text:
    """The reason behind an OSError, a TLS error or a timeout.

    Raises:
        Exhausted: it is our own.
    """
    if own := shortage(error):
        raise own from error
    match error:
        case TimeoutError():
            return Text("连接超时", "timed out")
        case ConnectionRefusedError():
            return Text("连接被拒绝（端口无人监听）", "connection refused (nothing listens on the port)")
        case ConnectionResetError():
            return Text("连接被对方重置", "connection reset by the other side")
        case socket.gaierror():
            return Text("域名无法解析", "the name has no address")
        case ssl.SSLCertVerificationError():
            return Text(
                f"证书校验失败：{error.verify_message}", f"certificate not accepted: {error.verify_message}"
            )
        case ssl.SSLError():
            return Text(f"TLS 握手失败：{error.reason}", f"TLS handshake failed: {error.reason}")
        case OSError() if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return Text("网络不可达", "no route to the host")
    words = str(error) or type(error).__name__
    return Text(f"连接失败：{words}", f"connection failed: {words}")
