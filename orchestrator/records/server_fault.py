"""What PostgreSQL's errors, and those of the way to it, mean to a user: a table of faults and their cures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.utils import NotSupportedError

from orchestrator.errors import StoreError
from orchestrator.language import Language, Text

CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ServerFault:
    """`{place}` stands for the database, `{words}` for the first line of what was said about it."""

    said: Text
    cure: Text

    def at(self, place: str, words: str = "") -> StoreError:
        first = words.partition("\n")[0]
        zh, en = (self.said.say(one).format(place=place, words=first) for one in (Language.ZH, Language.EN))
        return StoreError(Text(zh, en), self.cure)


def server_error(error: BaseException, place: str) -> StoreError | None:
    """The one clear error for what the server or the way to it does; None where it is our own fault."""
    words = str(error)
    if isinstance(error, NotSupportedError):
        return _TOO_OLD.at(place, words)
    cause = error if hasattr(error, "sqlstate") else error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return _worded(words).at(place, words)
    if state not in _STATES and state[:2] in _OUR_OWN:
        return None
    return (_STATES.get(state) or _STATES.get(state[:2]) or _OTHER).at(place, words)


def _worded(words: str) -> ServerFault:
    """libpq gives no code before there is a connection, only words; a server's are in its own language."""
    return next((fault for pattern, fault in _WORDS.items() if re.search(pattern, words)), _OTHER)


READ_ONLY = ServerFault(
    Text("{place} 是只读的备库", "{place} is a read-only standby"),
    Text("把 database 指向主库", "name the primary in database:"),
)
_UNKNOWN_HOST = ServerFault(
    Text("{place}：主机名解析不到地址", "{place}: its host name has no address"),
    Text(
        "检查 wardround.yml 的 database 和 DNS、/etc/hosts",
        "see database: in wardround.yml, and your DNS",
    ),
)
_REFUSED = ServerFault(
    Text("{place}：该端口没有服务", "{place}: nothing listens there"),
    Text(
        "检查 PostgreSQL 是否启动、listen_addresses 和端口",
        "see whether PostgreSQL runs, its listen_addresses and its port",
    ),
)
_SILENT = ServerFault(
    Text(
        f"{{place}}：{CONNECT_SECONDS} 秒内没有像 PostgreSQL 那样应答",
        f"{{place}}: no PostgreSQL answered within {CONNECT_SECONDS} seconds",
    ),
    Text(
        "检查网络和防火墙，以及该端口上是否其实是别的服务",
        "see the network and its firewalls, and whether another program has that port",
    ),
)
_UNREACHABLE = ServerFault(
    Text("{place}：网络不通", "{place}: there is no network route to it"),
    Text("检查网络、路由和防火墙", "see the network, its routes and firewalls"),
)
_OTHER_PRODUCT = ServerFault(
    Text(
        "{place}：应答的不是 PostgreSQL（可能是 MySQL、Redis 或网站）",
        "{place}: what answers is no PostgreSQL (perhaps MySQL, Redis or a web server)",
    ),
    Text("检查 wardround.yml 的 database 中的端口", "see the port of database: in wardround.yml"),
)
_WRONG_PASSWORD = ServerFault(
    Text("{place}：用户名或密码不被接受", "{place}: user or password are not accepted"),
    Text(
        "检查 database_password_file（或 ~/.pgpass）与数据库中的用户",
        "see database_password_file (or ~/.pgpass) and the server's users",
    ),
)
_NO_PASSWORD = ServerFault(
    Text("{place}：需要密码，但没有给出", "{place} asks for a password, and there is none"),
    Text(
        "写进 database_password_file 所指的文件（权限 0600），或 ~/.pgpass",
        "put it in the file named by database_password_file (mode 0600), or in ~/.pgpass",
    ),
)
_NOT_ADMITTED = ServerFault(
    Text("{place}：服务器不允许从本机以该用户连接", "{place}: the server lets no such user in from here"),
    Text("在服务器的 pg_hba.conf 中加一行", "add a line to the server's pg_hba.conf"),
)
_MISSING = ServerFault(
    Text("{place}：没有这个库", "{place}: there is no such database"),
    Text(
        "由数据库管理员执行 CREATE DATABASE … OWNER … ENCODING 'UTF8'",
        "have it made: CREATE DATABASE ... OWNER ... ENCODING 'UTF8'",
    ),
)
_INSECURE = ServerFault(
    Text("{place}：不能建立所要求的加密连接：{words}", "{place}: no such encrypted connection: {words}"),
    Text("检查 sslmode、sslrootcert 和服务器的证书", "see sslmode, sslrootcert and the server's certificate"),
)
FORBIDDEN = ServerFault(
    Text("{place}：该用户权限不足：{words}", "{place}: the user lacks a right: {words}"),
    Text(
        "把库和其中的模式交给该用户：ALTER DATABASE … OWNER TO …；GRANT ALL ON SCHEMA public TO …",
        "make the user the owner: ALTER DATABASE ... OWNER TO ...; GRANT ALL ON SCHEMA public TO ...",
    ),
)
_FULL = ServerFault(
    Text("{place}：服务器磁盘已满", "{place}: the server's disk is full"),
    Text("在服务器上腾出空间，然后重试", "free some space on the server, then try again"),
)
_HELD = ServerFault(
    Text("{place} 的记录正被另一个程序占用", "{place} is held by another program"),
    Text(
        "稍后重试；仍不行，在服务器上查 pg_stat_activity",
        "try again in a moment; if that does not help, see pg_stat_activity on the server",
    ),
)
_LOST = ServerFault(
    Text("{place}：连接中断：{words}", "{place}: the connection was lost: {words}"),
    Text("确认服务器已恢复，然后重试", "see that the server is back, then try again"),
)
_CROWDED = ServerFault(
    Text("{place}：服务器资源不足：{words}", "{place}: the server has no room for us: {words}"),
    Text("检查 max_connections、内存和磁盘", "see its max_connections, memory and disk"),
)
_DAMAGED = ServerFault(
    Text("{place}：数据已损坏：{words}", "{place} is damaged: {words}"),
    Text("从备份恢复：wardround db restore", "restore a backup: wardround db restore"),
)
_TOO_OLD = ServerFault(
    Text("{place}：服务器版本太旧：{words}", "{place}: the server is too old: {words}"),
    Text("升级 PostgreSQL", "upgrade PostgreSQL"),
)
_OTHER = ServerFault(
    Text("{place} 无法使用：{words}", "{place} can't be used: {words}"),
    Text("检查该服务器及其日志", "look at that server and its log"),
)

_WORDS: Mapping[str, ServerFault] = {
    "failed to resolve host|could not translate host name": _UNKNOWN_HOST,
    "invalid response to SSL negotiation|expected authentication request": _OTHER_PRODUCT,
    "[Cc]onnection refused|No such file or directory": _REFUSED,
    "timeout expired|timed out": _SILENT,
    "No route to host|[Nn]etwork is unreachable": _UNREACHABLE,
    "no password supplied": _NO_PASSWORD,
    "no pg_hba.conf entry|没有用于.*pg_hba": _NOT_ADMITTED,
    'database ".*" does not exist|数据库.*不存在': _MISSING,
    "authentication failed|认证失败|does not exist|角色.*不存在": _WRONG_PASSWORD,
    "permission denied|权限不够|not permitted to log in": FORBIDDEN,
    "too many (connections|clients)|remaining connection slots|太多": _CROWDED,
    "SSL|certificate": _INSECURE,
    "closed the connection|connection (is|already) closed|the connection is lost|[Cc]onnection reset": _LOST,
}
"""The first that fits counts."""

_STATES: Mapping[str, ServerFault] = {
    "42501": FORBIDDEN,
    "3F000": FORBIDDEN,
    "25006": READ_ONLY,
    "53100": _FULL,
    "55P03": _HELD,
    "40P01": _HELD,
    "08": _LOST,
    "57": _LOST,
    "53": _CROWDED,
    "XX": _DAMAGED,
}
"""By SQLSTATE, else by its class: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
_OUR_OWN = frozenset({"42", "22", "23", "0A"})
"""Classes of statements that no server would take."""
