"""Ways to ask this machine: by each shell and set of tools that a check may meet on a host."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.local_ask import LocalAsk


def _dash(folder: str) -> LocalAsk:
    return _shell("dash")


def _bash(folder: str) -> LocalAsk:
    return _shell("bash", "--posix")


def _nobody(folder: str) -> LocalAsk:
    if os.geteuid() != 0:
        pytest.skip("needs root, to become nobody")
    return _shell("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh")


def _busybox(folder: str) -> LocalAsk:
    """Its applets alone, so that no check falls back on a tool that such a host does not have."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("busybox is not installed")
    subprocess.run([busybox, "--install", "-s", folder], check=True)
    return LocalAsk((busybox, "sh"), {"PATH": folder})


def _shell(*words: str) -> LocalAsk:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return LocalAsk(words)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that users without privilege may read as well, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory(prefix="wardround-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module", params=[_dash, _bash, _nobody, _busybox], ids=lambda way: way.__name__[1:])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LocalAsk:
    """This machine, asked in one of the ways."""
    ask: LocalAsk = request.param(str(tmp_path_factory.mktemp("applets")))
    return ask
