"""All that is PostgreSQL's own: how it is connected to, what it must be, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import NotSupportedError

from orchestrator.errors import StoreError
from orchestrator.language import Text
from orchestrator.model.server import Server
from orchestrator.records.password_file import read_password

CONNECT_SECONDS = 5
_MIGRATION_LOCK = 0x57415244  # any number, as long as every version uses the same


def server_settings(server: Server, patience: float) -> dict[str, Any]:
    """Django's settings for it. `patience` is how many seconds a statement waits for another's lock."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.name,
        "USER": server.user,
        "PASSWORD": read_password(server.password_file),
        "HOST": server.host,
        "PORT": str(server.port or ""),
        "OPTIONS": {
            **server.options,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "wardround",
            "options": f"-c lock_timeout={round(patience * 1000)}",
            # A server that vanishes in the middle of a round is noticed within a minute.
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "tcp_user_timeout": 40_000,
        },
    }


def require_usable(connection: BaseDatabaseWrapper, place: str) -> None:
    """Raises StoreError when the database is not UTF-8, or takes no writes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding'), pg_is_in_recovery()")
        encoding, standby = cursor.fetchone()
    if standby:
        raise _read_only(place)
    if encoding != "UTF8":
        raise StoreError(
            Text(
                f"{place} 的编码是 {encoding}，不能保存全部中文",
                f"{place} is encoded in {encoding}, which can't hold all that is recorded",
            ),
            Text(
                "新建编码为 UTF8 的库：CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
                "make it anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
            ),
        )


def wait_for_migration_lock(connection: BaseDatabaseWrapper) -> None:
    """One process at a time makes or migrates a database; until this transaction ends it is ours."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])


def server_error(error: BaseException, place: str) -> StoreError | None:
    """The one clear error for what the server or the way to it does; None where it is our own fault."""
    if isinstance(error, NotSupportedError):
        return _too_old(place, str(error))
    cause = error if hasattr(error, "sqlstate") else error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return _not_connected(str(error), place)
    return _of_state(state, str(error), place)


def _of_state(state: str, words: str, place: str) -> StoreError | None:
    match state:
        case "42501":
            return _forbidden(place, words)
        case "3F000":
            return _forbidden(place, words)
        case "25006":
            return _read_only(place)
        case "53100":
            return _full(place)
        case "55P03" | "40P01":
            return _held(place)
    match state[:2]:
        case "42" | "22" | "23" | "0A":
            return None
        case "08" | "57":
            return _lost(place, words)
        case "53":
            return _crowded(place, words)
        case "XX":
            return _damaged(place, words)
    return _other(place, words)


def _not_connected(words: str, place: str) -> StoreError:
    """libpq gives no code here, only words; a server's are in its own language."""
    for pattern, make in _WORDS.items():
        if re.search(pattern, words):
            return make(place, words)
    return _other(place, words)


def _unknown_host(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：主机名解析不到地址", f"{place}: its host name has no address"),
        Text(
            "检查 wardround.yml 的 database 和 DNS、/etc/hosts",
            "see database: in wardround.yml, and your DNS",
        ),
    )


def _refused(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：该端口没有服务", f"{place}: nothing listens there"),
        Text(
            "检查 PostgreSQL 是否启动、listen_addresses 和端口",
            "see whether PostgreSQL runs, its listen_addresses and its port",
        ),
    )


def _silent(place: str, words: str) -> StoreError:
    return StoreError(
        Text(
            f"{place}：{CONNECT_SECONDS} 秒内没有像 PostgreSQL 那样应答",
            f"{place}: no PostgreSQL answered within {CONNECT_SECONDS} seconds",
        ),
        Text(
            "检查网络和防火墙，以及该端口上是否其实是别的服务",
            "see the network and its firewalls, and whether another program has that port",
        ),
    )


def _unreachable(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：网络不通", f"{place}: there is no network route to it"),
        Text("检查网络、路由和防火墙", "see the network, its routes and firewalls"),
    )


def _other_product(place: str, words: str) -> StoreError:
    return StoreError(
        Text(
            f"{place}：应答的不是 PostgreSQL（可能是 MySQL、Redis 或网站）",
            f"{place}: what answers is no PostgreSQL (perhaps MySQL, Redis or a web server)",
        ),
        Text("检查 wardround.yml 的 database 中的端口", "see the port of database: in wardround.yml"),
    )


def _wrong_password(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：用户名或密码不被接受", f"{place}: user or password are not accepted"),
        Text(
            "检查 database_password_file（或 ~/.pgpass）与数据库中的用户",
            "see database_password_file (or ~/.pgpass) and the server's users",
        ),
    )


def _no_password(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：需要密码，但没有给出", f"{place} asks for a password, and there is none"),
        Text(
            "写进 database_password_file 所指的文件（权限 0600），或 ~/.pgpass",
            "put it in the file named by database_password_file (mode 0600), or in ~/.pgpass",
        ),
    )


def _not_admitted(place: str, words: str) -> StoreError:
    return StoreError(
        Text(
            f"{place}：服务器不允许从本机以该用户连接", f"{place}: the server lets no such user in from here"
        ),
        Text("在服务器的 pg_hba.conf 中加一行", "add a line to the server's pg_hba.conf"),
    )


def _missing(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：没有这个库", f"{place}: there is no such database"),
        Text(
            "由数据库管理员执行 CREATE DATABASE … OWNER … ENCODING 'UTF8'",
            "have it made: CREATE DATABASE ... OWNER ... ENCODING 'UTF8'",
        ),
    )


def _insecure(place: str, words: str) -> StoreError:
    return StoreError(
        Text(
            f"{place}：不能建立所要求的加密连接：{words}", f"{place}: no such encrypted connection: {words}"
        ),
        Text(
            "检查 sslmode、sslrootcert 和服务器的证书",
            "see sslmode, sslrootcert and the server's certificate",
        ),
    )


def _forbidden(place: str, words: str) -> StoreError:
    first = words.partition("\n")[0]
    return StoreError(
        Text(f"{place}：该用户权限不足：{first}", f"{place}: the user lacks a right: {first}"),
        Text(
            "把库和其中的模式交给该用户：ALTER DATABASE … OWNER TO …；GRANT ALL ON SCHEMA public TO …",
            "make the user the owner: ALTER DATABASE ... OWNER TO ...; GRANT ALL ON SCHEMA public TO ...",
        ),
    )


def _read_only(place: str) -> StoreError:
    return StoreError(
        Text(f"{place} 是只读的备库", f"{place} is a read-only standby"),
        Text("把 database 指向主库", "name the primary in database:"),
    )


def _full(place: str) -> StoreError:
    return StoreError(
        Text(f"{place}：服务器磁盘已满", f"{place}: the server's disk is full"),
        Text("在服务器上腾出空间，然后重试", "free some space on the server, then try again"),
    )


def _held(place: str) -> StoreError:
    return StoreError(
        Text(f"{place} 的记录正被另一个程序占用", f"{place} is held by another program"),
        Text(
            "稍后重试；仍不行，在服务器上查 pg_stat_activity",
            "try again in a moment; if that does not help, see pg_stat_activity on the server",
        ),
    )


def _lost(place: str, words: str) -> StoreError:
    first = words.partition("\n")[0]
    return StoreError(
        Text(f"{place}：连接中断：{first}", f"{place}: the connection was lost: {first}"),
        Text("确认服务器已恢复，然后重试", "see that the server is back, then try again"),
    )


def _crowded(place: str, words: str) -> StoreError:
    first = words.partition("\n")[0]
    return StoreError(
        Text(f"{place}：服务器资源不足：{first}", f"{place}: the server has no room for us: {first}"),
        Text("检查 max_connections、内存和磁盘", "see its max_connections, memory and disk"),
    )


def _damaged(place: str, words: str) -> StoreError:
    first = words.partition("\n")[0]
    return StoreError(
        Text(f"{place}：数据已损坏：{first}", f"{place} is damaged: {first}"),
        Text("从备份恢复：wardround db restore", "restore a backup: wardround db restore"),
    )


def _too_old(place: str, words: str) -> StoreError:
    return StoreError(
        Text(f"{place}：服务器版本太旧：{words}", f"{place}: the server is too old: {words}"),
        Text("升级 PostgreSQL", "upgrade PostgreSQL"),
    )


def _other(place: str, words: str) -> StoreError:
    first = words.partition("\n")[0]
    return StoreError(
        Text(f"{place} 无法使用：{first}", f"{place} can't be used: {first}"),
        Text("检查该服务器及其日志", "look at that server and its log"),
    )


_WORDS: Mapping[str, Callable[[str, str], StoreError]] = {
    "failed to resolve host|could not translate host name": _unknown_host,
    "invalid response to SSL negotiation|expected authentication request": _other_product,
    "[Cc]onnection refused|No such file or directory": _refused,
    "timeout expired|timed out": _silent,
    "No route to host|[Nn]etwork is unreachable": _unreachable,
    "no password supplied": _no_password,
    "no pg_hba.conf entry|没有用于.*pg_hba": _not_admitted,
    'database ".*" does not exist|数据库.*不存在': _missing,
    "authentication failed|认证失败|does not exist|角色.*不存在": _wrong_password,
    "permission denied|权限不够|not permitted to log in": _forbidden,
    "too many (connections|clients)|remaining connection slots|太多": _crowded,
    "SSL|certificate": _insecure,
    "closed the connection|connection (is|already) closed|the connection is lost|[Cc]onnection reset": _lost,
}
