"""Blows at random over runs of mixed effects: `python -m tests.storm.runs --blows 200 --seed 1`.

With `--hands worker` two `wardround worker` processes carry the runs out; with `--hands command` each run's
own `wardround run start` does, and `wardround run resume` goes on after it was killed. `--kinds all` strikes
with all that can be had here, each as often as any other; for some of them it takes root, which lets the
storm begin anew in namespaces where network, disks and hosts are its own.

It prints its seed and its counts, and ends with 1 when an effect of `once` happened twice, one was lost, a
run did not end, or anything that is said is not what the hosts have kept: `unknown` where it is not true, and
anything else where that is. What is truly unknown somebody looks at, and rules on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres import running_postgres
from tests.run_site import RunSite
from tests.storm.blows import FOR_POSTGRESQL, FOR_ROOT, FOR_WORKERS, KINDS, Blows
from tests.storm.disk import small_disk
from tests.storm.hands import Commands, Workers
from tests.storm.load import HOSTS, Load
from tests.storm.reckoning import Reckoning
from tests.storm.storm import Storm
from tests.storm.target import running_target

NAMESPACES = "WARDROUND_STORM_NAMESPACES"
SITE_DISK, SPOOL_DISK, DATABASE_DISK = 64, 256, 512
"""Megabytes."""


def main() -> int:
    options = _options()
    kinds, left_out = _kinds(options)
    own = bool(FOR_ROOT & set(kinds))
    if own and NAMESPACES not in os.environ:
        enter_namespaces()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end what was begun
    print(
        f"runs on {options.database}, by {options.hands}: {options.blows} blows of {' '.join(kinds)}, "
        f"seed {options.seed}{left_out}",
        flush=True,
    )
    chance = random.Random(options.seed)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wardround-storm-")))
        if own:
            stack.enter_context(small_disk(folder / "spool", SPOOL_DISK))
            stack.enter_context(small_disk(folder / "postgres", DATABASE_DISK))
        target = stack.enter_context(running_target(folder, own=own))
        settings = _database(stack, folder) if options.database == "postgresql" else ""
        site = RunSite.make(folder, target.server, HOSTS, settings)
        stack.callback(site.end)
        if own:
            stack.enter_context(small_disk(site.root / "var", SITE_DISK))
        load = Load(site, chance)
        load.accept()
        hands = Workers(site) if options.hands == "worker" else Commands(site)
        blows = Blows(target, hands, chance, folder / "postgres")
        storm = Storm(site, load, blows, hands, chance, options.runs)
        storm.rage(options.blows, kinds, time.monotonic() + options.seconds)
        storm.tell()
        if Reckoning(site, target, hands.wardround, load, set(storm.hit)).tell():
            return 0
        if options.keep is not None:
            shutil.copytree(folder, options.keep, symlinks=True)
        return 1


def _options() -> argparse.Namespace:
    said = "\n".join(f"  {kind:<14} {what}" for kind, what in KINDS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{said}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blows", type=int, default=200)
    parser.add_argument("--runs", type=int, default=4, help="so many are under way at any time")
    parser.add_argument("--seconds", type=float, default=1800.0, help="no more blows after that")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--hands", choices=("worker", "command"), default="worker")
    parser.add_argument("--kinds", nargs="+", choices=(*KINDS, "all"), default=["kill"])
    parser.add_argument("--keep", type=Path, help="where to copy all of it when something is wrong")
    return parser.parse_args()


def _kinds(options: argparse.Namespace) -> tuple[list[str], str]:
    """What it strikes with, and what it does not for want of something."""
    wanted = list(KINDS) if "all" in options.kinds else options.kinds
    lacking = {
        "namespaces": frozenset() if _has_namespaces() else FOR_ROOT,
        "workers": frozenset() if options.hands == "worker" else FOR_WORKERS,
        "PostgreSQL": frozenset() if options.database == "postgresql" else FOR_POSTGRESQL,
    }
    absent = {kind: what for what, kinds in lacking.items() for kind in kinds if kind in wanted}
    if absent and "all" not in options.kinds:
        raise SystemExit("; ".join(f"{kind} needs {what}" for kind, what in absent.items()))
    said = ", ".join(f"{kind} (no {what})" for kind, what in sorted(absent.items()))
    return [kind for kind in wanted if kind not in absent], f"; left out: {said}" if said else ""


def _has_namespaces() -> bool:
    """Whether we may make our own. Not even root may, in many a container."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "mount", "ip"))):
        return False
    tried = [
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "mount",
        "-t",
        "tmpfs",
        "none",
        "/mnt",
    ]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0


def enter_namespaces() -> None:
    """Begin anew where there is no network but our own loopback, and where disks may be mounted."""
    script = 'ip link set lo up && exec "$@"'
    again = [sys.executable, "-m", "tests.storm.runs", *sys.argv[1:]]
    os.environ[NAMESPACES] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "sh", "-c", script, "sh", *again])


def _database(stack: contextlib.ExitStack, folder: Path) -> str:
    place = folder / "postgres"
    place.mkdir(exist_ok=True)
    folder.chmod(0o711)  # the server has an account of its own
    parts = urlsplit(stack.enter_context(running_postgres(place)))
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(parts.password or "")
    url = f"postgresql://{parts.username}@{parts.hostname}:{parts.port}/postgres"
    return f"database: {url}\ndatabase_password_file: {secret}\n"


if __name__ == "__main__":
    sys.exit(main())
