"""`wardround` by a clock that is off: `python -m tests.storm.stepped_clock FILE worker --name anna`.

FILE has the seconds by which it is off, and may change at any time. The monotonic clock is as it was, as it
is when the clock of a machine is set.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.application import clock


def main() -> None:
    file = Path(sys.argv.pop(1))
    right = time.time

    def off() -> float:
        return right() + float(file.read_text())

    # Before anything has taken them: the clock that is handed to all of ours, and the one that DBOS asks.
    vars(clock)["system_clock"] = lambda: datetime.fromtimestamp(off(), UTC)
    vars(time)["time"] = off
    from orchestrator.cli.main import main as wardround

    wardround()


if __name__ == "__main__":
    main()
