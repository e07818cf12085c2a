"""Bundles for the real install.sh: of a single module that is called wardround, or of the product as it is
here, over the packages that are here.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
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

_NEXT_MIGRATION = """\
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("records", "{latest}")]
    operations = [migrations.CreateModel("Next", [("id", models.BigAutoField(primary_key=True))])]
"""


def make_bundle(folder: Path, version: str = "1.0", *, broken: bool = False, **about: str) -> Path:
    """A bundle as `scripts/bundle.sh` lays it out.

    Args:
        broken: what it installs fails when it is run.
        about: what its file `about` says instead.
    """
    program = _PROGRAM.format(version=version, broken=broken)
    entry_points = "[console_scripts]\nwardround = wardround_stub:main\n"
    contents = {"wardround_stub.py": program.encode()}
    return _bundle(folder, version, contents, entry_points, about)


def make_product_bundle(
    folder: Path, version: str, *, changes_tables: bool = False, packages: str | None = None
) -> Path:
    """A bundle of the product under another version.

    Args:
        changes_tables: it has one more migration than the product.
        packages: the folder in which it finds what it needs; the environment's own otherwise.
    """
    contents = {name: path.read_bytes() for name, path in _sources()}
    needed = packages or sysconfig.get_path("purelib")
    contents["wardround_needs.pth"] = f"{needed}\n".encode()
    if changes_tables:
        migrations = "orchestrator/records/migrations"
        latest = max(Path(name).stem for name in contents if name.startswith(f"{migrations}/0"))
        contents[f"{migrations}/9999_next.py"] = _NEXT_MIGRATION.format(latest=latest).encode()
    return _bundle(folder, version, contents, _entry_points(), {})


def _sources() -> Iterator[tuple[str, Path]]:
    """What the wheel holds, and where it comes from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {folder: Path(folder).name for folder in wheel["packages"]} | wheel["force-include"]
    for source, target in folders.items():
        for path in (ROOT / source).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield f"{target}/{path.relative_to(ROOT / source)}", path


def _entry_points() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ansible = {one.name: one.value for one in distribution("ansible-core").entry_points}
    groups = {"console_scripts": project["scripts"] | ansible, **project["entry-points"]}
    return "".join(
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in entries.items())
        for group, entries in groups.items()
    )


def _bundle(
    folder: Path, version: str, contents: Mapping[str, bytes], entry_points: str, about: Mapping[str, str]
) -> Path:
    bundle = folder / f"bundle-{version}"
    (bundle / "wheels").mkdir(parents=True)
    wheel = _wheel(bundle / "wheels", version, contents, entry_points)
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


def _wheel(folder: Path, version: str, contents: Mapping[str, bytes], entry_points: str) -> Path:
    path = folder / f"wardround-{version}-py3-none-any.whl"
    name = f"wardround-{version}.dist-info"
    about = {
        f"{name}/METADATA": f"Metadata-Version: 2.1\nName: wardround\nVersion: {version}\n",
        f"{name}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}/entry_points.txt": entry_points,
    }
    about[f"{name}/RECORD"] = "".join(f"{each},,\n" for each in [*contents, *about, f"{name}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in contents.items():
            archive.writestr(each, content)
        for each, text in about.items():
            archive.writestr(each, text)
    return path
