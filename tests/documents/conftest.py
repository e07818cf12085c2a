"""A registry of small checks, found as any plugin is found: by the entry points of an installed package."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

GROUP = "tests.documents.checks"
ENTRY_POINTS = f"""\
[{GROUP}]
disk = tests.documents.plugins.disk
command = tests.documents.plugins.command
site_test = tests.documents.plugins.site_test
cleaner = tests.documents.plugins.cleaner
vanished = tests.documents.plugins.vanished
"""


@pytest.fixture(scope="session")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry[CheckPlugin]]:
    folder = tmp_path_factory.mktemp("site-packages")
    metadata = folder / "small_checks-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: small-checks\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    sys.path.insert(0, str(folder))
    yield Registry(GROUP, ("spec", "Parameters", "observe"))
    sys.path.remove(str(folder))
