"""A testinfra file: one test for each command in `BENCH_COMMANDS`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

COMMANDS = json.loads(Path(os.environ["BENCH_COMMANDS"]).read_text())


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_command(host: Any, number: int) -> None:
    assert host.run(COMMANDS[number]).rc in (0, 1)
