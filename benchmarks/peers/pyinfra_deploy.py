"""A pyinfra deploy: one operation for each command in `BENCH_COMMANDS`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pyinfra.operations import server

for number, command in enumerate(json.loads(Path(os.environ["BENCH_COMMANDS"]).read_text())):
    # Some of the commands end with a status of their own: that is no failure of pyinfra's.
    server.shell(name=f"check {number}", commands=[f"{{ {command}\n}} || true"])
