"""A real MariaDB server of the tests' own, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

from tests.redis_server import free_port, wait_until

PASSWORD = "only-for-this-test"


@contextmanager
def running_mariadb(number: int = 1, *options: str) -> Iterator[tuple[str, int]]:
    """Start one; yields the SQLAlchemy URL of its administrator, and its port."""
    server = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    installer = shutil.which("mariadb-install-db")
    if server is None or installer is None:
        pytest.skip("mariadbd (package mariadb-server) is not installed")
    folder = Path(tempfile.mkdtemp(prefix="wardround-mariadb-"))
    account = _account()
    user = [f"--user={account.pw_name}"] if account else []
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        common = ["--no-defaults", f"--datadir={folder}/data", *user]
        (folder / "tmp").mkdir(mode=0o700)
        if account:
            os.chown(folder / "tmp", account.pw_uid, account.pw_gid)
        _quietly([installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
        port = free_port()
        start = folder / "start.sql"
        start.write_text(
            f"CREATE USER ward@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';"
            "\nGRANT ALL ON *.* TO ward@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        start.chmod(0o644)
        process = subprocess.Popen(
            [
                *(server, *common, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"),
                *(f"--pid-file={folder}/pid", f"--server-id={number}", f"--init-file={start}"),
                *(
                    "--innodb-flush-log-at-trx-commit=0",
                    "--log-bin=bin",
                    "--max-connections=20",
                    # A server that starts clears what it takes for its own in a folder of temporary files.
                    f"--tmpdir={folder}/tmp",
                    *options,
                ),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _answers(port), 60)
            yield f"mysql+pymysql://ward:{PASSWORD}@127.0.0.1:{port}/information_schema", port
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def connect(port: int) -> pymysql.Connection:  # generic in its stubs alone
    return pymysql.connect(host="127.0.0.1", port=port, user="ward", password=PASSWORD, autocommit=True)


def execute(port: int, *statements: str) -> None:
    with connect(port) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _answers(port: int) -> bool:
    try:
        connect(port).close()
    except pymysql.MySQLError:
        return False
    return True


def _account() -> pwd.struct_passwd | None:
    """MariaDB refuses to run as root: use the account that its package makes."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("mysql")
    except KeyError:
        pytest.skip("running as root, and there is no account `mysql` to run the server")


def _quietly(arguments: Sequence[str]) -> None:
    subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
