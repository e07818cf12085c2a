"""install.sh of the offline bundle: installs, upgrades, goes back, and refuses before it touches anything.

`make bundle-test` does the same with the whole bundle.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bundles import make_bundle

DEADLINE = 100.0
ALONE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]

pytestmark = pytest.mark.acceptance


def _alone() -> list[str]:
    """A machine without a network, where this one lets us have that."""
    able = shutil.which("unshare") and subprocess.run([*ALONE, "true"], capture_output=True).returncode == 0
    if not able:
        pytest.skip("unshare (util-linux) is missing or may make no network of its own")
    return ALONE


def _install(
    bundle: Path, root: Path, *more: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", bundle / "install.sh", "--root", root, *more],
        env={"PATH": path or os.environ["PATH"], "HOME": str(root)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def _version(root: Path) -> str:
    command = root / "usr/local/bin/wardround"
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _releases(root: Path) -> int:
    return len(list((root / "opt/wardround/releases").iterdir()))


def test_a_version_is_installed_without_a_network_upgraded_and_gone_back_to(tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = subprocess.run(
        [*_alone(), "sh", make_bundle(tmp_path) / "install.sh", "--root", root],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert first.returncode == 0, first.stderr
    assert "systemctl enable --now wardround-worker" in first.stderr
    assert _version(root) == "wardround 1.0"
    assert (root / "etc/systemd/system/wardround-worker.service").is_file()
    assert (root / "etc/wardround/vault-password").stat().st_mode & 0o777 == 0o600

    (root / "etc/wardround/vault-password").write_text("secret")
    again = _install(tmp_path / "bundle-1.0", root)
    assert (again.returncode, _releases(root)) == (0, 1)
    assert "already there" in again.stderr
    assert (root / "etc/wardround/vault-password").read_text() == "secret"

    upgraded = _install(make_bundle(tmp_path, "1.1"), root)
    assert (upgraded.returncode, _version(root), _releases(root)) == (0, "wardround 1.1", 2)
    assert "systemctl restart wardround-worker" in upgraded.stderr

    failed = _install(make_bundle(tmp_path, "1.2", broken=True), root)
    assert (failed.returncode, _version(root), _releases(root)) == (2, "wardround 1.1", 2)
    assert "untouched" in failed.stderr

    kept = root / "opt/wardround/current/share/wardround"
    assert _install(kept, root, "--rollback").returncode == 0
    assert _version(root) == "wardround 1.0"
    assert _install(kept, root, "--rollback").returncode == 0
    assert _version(root) == "wardround 1.1"


def _refused(tmp_path: Path, bundle: Path, said: str, path: str | None = None) -> None:
    root = tmp_path / "root"
    result = _install(bundle, root, path=path)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(root.rglob("*")) == []


def test_a_bundle_that_was_damaged_on_the_way_is_refused(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    (bundle / "requirements.txt").write_text("wardround\n")
    _refused(tmp_path, bundle, "the bundle is damaged")


def test_a_bundle_for_another_python_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path, make_bundle(tmp_path, python="3.7"), "this needs Python 3.7, here is: Python 3.")


def test_a_machine_without_python_is_refused(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "id", "dirname", "mkdir", "sha256sum", "uname", "readlink", "sed", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    _refused(tmp_path, make_bundle(tmp_path), "no python3", str(programs))


def test_a_python_without_its_venv_module_is_refused(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    python = programs / "python3"
    real = shutil.which("python3")
    python.write_text(f'#!/bin/sh\ncase "$*" in *"import venv"*) exit 1 ;; esac\nexec {real} "$@"\n')
    python.chmod(0o755)
    _refused(tmp_path, make_bundle(tmp_path), "lacks its venv module", f"{programs}:{os.environ['PATH']}")


def test_a_bundle_for_another_processor_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path, make_bundle(tmp_path, machine="sparc64"), "this bundle is for sparc64")


def test_a_disk_without_room_is_refused_with_both_figures(tmp_path: Path) -> None:
    _refused(tmp_path, make_bundle(tmp_path, need_mib="999999999"), "999999999 MiB are needed")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_without_root_nothing_is_begun(tmp_path: Path) -> None:
    script = make_bundle(tmp_path) / "install.sh"
    result = subprocess.run(["sh"], input=script.read_text(), user=65534, capture_output=True, text=True)
    assert result.returncode == 2
    assert "this needs root" in result.stderr


def test_there_is_nothing_to_go_back_to_before_an_upgrade(tmp_path: Path) -> None:
    result = _install(make_bundle(tmp_path), tmp_path / "root", "--rollback")
    assert result.returncode == 2
    assert "no version to go back to" in result.stderr
