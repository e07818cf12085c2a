"""Reads the `database` of a site's file: a PostgreSQL URL without a password."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic_core import PydanticCustomError

from orchestrator.documents.findings import did_you_mean, shown
from orchestrator.documents.validation import refuse
from orchestrator.language import Text
from orchestrator.model.server import Server

_FORM = Text(
    "写成 postgresql://用户@主机:端口/库名；用 SQLite 则删去这个键",
    "write postgresql://user@host:port/name; for SQLite remove the key",
)
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "host")
_NAME_BYTES = 63
"""PostgreSQL cuts longer names off without a word."""


def read_database_url(text: str, password_file: Path | None = None) -> Server:
    """The database that a URL names.

    Raises:
        PydanticCustomError: says what is wrong with it, never quoting a password.
    """
    parts = _split(text)
    options = _options(parts)
    socket = options.pop("host", "")
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name or len(name.encode()) > _NAME_BYTES or "\0" in name:
        raise _wrong(
            Text("主机之后须有一个库名", "the host must be followed by the name of one database"), _FORM
        )
    return Server(
        name=name,
        host=unquote(parts.hostname or "") or socket,
        port=_port(parts),
        user=unquote(parts.username or ""),
        options=options,
        password_file=password_file,
    )


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.hostname
    except ValueError:
        raise _wrong(Text("不是合法的 URL", "this is no URL"), _FORM) from None
    if parts.scheme not in ("postgresql", "postgres"):
        word = shown(parts.scheme or text.rpartition("@")[-1])
        raise _wrong(
            Text(f"只支持 PostgreSQL，不支持“{word}”", f"only PostgreSQL is supported, not '{word}'"), _FORM
        )
    if parts.password is not None:
        raise refuse(
            "password-in-url",
            Text("URL 里不能写密码", "the URL must not hold a password"),
            Text(
                "写进 database_password_file 所指的文件（权限 0600），或 ~/.pgpass；URL 里的密码须更换",
                "put it in the file named by database_password_file (mode 0600) or in ~/.pgpass, and change "
                "the one that stood here",
            ),
        )
    if parts.fragment or "#" in text:
        raise _wrong(Text("“#”须写成 %23", "write '#' as %23"), _FORM)
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _wrong(Text("端口须是 1 到 65535", "the port must be 1 to 65535"), _FORM)
    return port


def _options(parts: SplitResult) -> dict[str, str]:
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _wrong(Text("“?”之后不是 名=值", "what follows '?' is not name=value"), _FORM) from None
    options = dict(pairs)
    for key, value in options.items():
        if key not in _OPTIONS:
            raise _wrong(
                Text(f"不支持参数“{shown(key)}”", f"the parameter '{shown(key)}' is not supported"),
                did_you_mean(key, _OPTIONS),
            )
        if not value:
            raise _wrong(Text(f"参数 {key} 是空的", f"the parameter {key} is empty"))
    mode = options.get("sslmode", "prefer")
    if mode not in _SSL_MODES:
        raise _wrong(
            Text(f"没有 sslmode“{shown(mode)}”", f"there is no sslmode '{shown(mode)}'"),
            did_you_mean(mode, _SSL_MODES),
        )
    if "host" in options and (parts.hostname or not options["host"].startswith("/")):
        raise _wrong(
            Text("参数 host 只用于套接字文件夹，如 /run/postgresql", "host= is for a socket's folder alone")
        )
    return options


def _wrong(message: Text, hint: Text | None = None) -> PydanticCustomError:
    return refuse("invalid-database", message, hint)
