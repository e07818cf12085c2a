"""Fabric over many hosts with threads: `python fabric_all.py TARGETS KEY COMMANDS THREADS`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fabric import Connection

targets, key, commands, threads = sys.argv[1:]
asked: list[str] = json.loads(Path(commands).read_text())


def inspect(target: str) -> int:
    host, _, port = target.partition(":")
    with Connection(host, port=int(port), connect_kwargs={"key_filename": key}) as connection:
        return sum(len(connection.run(command, hide=True, warn=True).stdout) for command in asked)


with ThreadPoolExecutor(int(threads)) as pool:
    print(sum(pool.map(inspect, Path(targets).read_text().split())))
