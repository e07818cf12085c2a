"""A registry of small checks, found as any plugin is found: by the entry points of an installed package."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

GROUP = "tests.documents.checks"
WORKING = """\
disk = tests.documents.plugins.disk
command = tests.documents.plugins.command
site_test = tests.documents.plugins.site_test
cleaner = tests.documents.plugins.cleaner
"""
ENTRY_POINTS = f"""\
[{GROUP}]
{WORKING}
vanished = tests.documents.plugins.vanished
[{GROUP}.working]
{WORKING}
"""
_PARTS = ("spec", "Parameters", "observe")


@pytest.fixture(scope="session", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("site-packages")
    metadata = folder / "small_checks-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: small-checks\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def checks() -> Registry[CheckPlugin]:
    """One of them, `vanished`, can't be loaded."""
    return Registry(GROUP, _PARTS)


@pytest.fixture(scope="session")
def working_checks() -> Registry[CheckPlugin]:
    return Registry(f"{GROUP}.working", _PARTS)
