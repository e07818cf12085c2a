"""Bundles as small as can be: the real install.sh over a wheel of one module that is called wardround."""

from __future__ import annotations

import hashlib
import platform
import sys
import zipfile
from pathlib import Path

import pip

ROOT = Path(__file__).parents[1]
NEED_MIB = 50

_PROGRAM = """\
import pathlib, sys

def main():
    if {broken}:
        sys.exit("it does not run")
    if sys.argv[1] == "init":
        pathlib.Path(sys.argv[2]).mkdir(parents=True)
    else:
        print("wardround {version}")
"""


def make_bundle(folder: Path, version: str = "1.0", *, broken: bool = False, **about: str) -> Path:
    """A bundle as `scripts/bundle.sh` lays it out.

    Args:
        broken: what it installs fails when it is run.
        about: what its file `about` says instead.
    """
    bundle = folder / f"bundle-{version}"
    (bundle / "wheels").mkdir(parents=True)
    wheel = _wheel(bundle / "wheels", version, broken=broken)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (bundle / "requirements.txt").write_text(f"wardround=={version} --hash=sha256:{digest}\n")
    said = {
        "version": version,
        "digest": digest[:8],
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "machine": platform.machine(),
        "need_mib": str(NEED_MIB),
        **about,
    }
    (bundle / "about").write_text("".join(f"{key}={value}\n" for key, value in said.items()))
    _pip(bundle / "pip")
    (bundle / "docs").mkdir()
    (bundle / "docs" / "install.md").touch()
    (bundle / "systemd").mkdir()
    for unit in (ROOT / "deploy" / "systemd").iterdir():
        (bundle / "systemd" / unit.name).write_bytes(unit.read_bytes())
    (bundle / "install.sh").write_bytes((ROOT / "deploy" / "install.sh").read_bytes())
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle)}\n" for path in files
    ]
    (bundle / "SHA256SUMS").write_text("".join(lines))
    return bundle


def _pip(folder: Path) -> None:
    """The pip that is here, as one file that Python runs."""
    folder.mkdir()
    package = Path(pip.__file__).parent
    with zipfile.ZipFile(folder / "pip-0-py3-none-any.whl", "w") as archive:
        for path in (one for one in package.rglob("*") if one.suffix != ".pyc"):
            archive.write(path, path.relative_to(package.parent))


def _wheel(folder: Path, version: str, *, broken: bool) -> Path:
    path = folder / f"wardround-{version}-py3-none-any.whl"
    name = f"wardround-{version}.dist-info"
    contents = {
        "wardround_stub.py": _PROGRAM.format(version=version, broken=broken),
        f"{name}/METADATA": f"Metadata-Version: 2.1\nName: wardround\nVersion: {version}\n",
        f"{name}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}/entry_points.txt": "[console_scripts]\nwardround = wardround_stub:main\n",
    }
    contents[f"{name}/RECORD"] = "".join(f"{each},,\n" for each in [*contents, f"{name}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in contents.items():
            archive.writestr(each, text)
    return path
