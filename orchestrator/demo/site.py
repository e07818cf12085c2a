"""The demo's site folder: the shipped template, and beside it what is known only once the hosts stand."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncssh
import yaml

from orchestrator.demo.database import INSPECTOR, inspector_password
from orchestrator.demo.faults import KEY_CHANGED_HOST
from orchestrator.demo.keys import host_key, login_key, public
from orchestrator.demo.place import Place
from orchestrator.demo.tree import VOLUME_MIB, password
from orchestrator.errors import PluginError
from orchestrator.language import Text
from orchestrator.settings import content_root

_GENERATED = "# Written by `wardround demo up`: what is known only once the hosts stand.\n"


def prepare_site(folder: Path, places: Sequence[Place]) -> Path:
    """Copy the template the first time, and write addresses, keys and the vaulted password.

    A site that stands is the user's to change: only what is generated is written again.
    """
    site = folder / "site"
    if not site.exists():
        staged = folder / "site.new"
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(content_root() / "inventories" / "demo", staged)
        staged.rename(site)
    _write_addresses(site, places)
    _write_known_hosts(site / "known_hosts", places)
    _write_vault(site, folder)
    return site


def _write_addresses(site: Path, places: Sequence[Place]) -> None:
    hosts = {place.host.name: _variables(place) for place in places}
    shared = {"ansible_user": _user(), "ansible_port": places[0].ssh_port}
    shared["ansible_ssh_private_key_file"] = str(login_key(places[0].demo))
    document = {"all": {"vars": shared, "hosts": hosts}}
    text = _GENERATED + yaml.safe_dump(document, sort_keys=False)
    (site / "inventory" / "addresses.yml").write_text(text, encoding="utf-8")


def _variables(place: Place) -> dict[str, object]:
    found: dict[str, object] = {
        "ansible_host": place.host.address,
        "hospital_root": str(place.root),
        "data_volumes": [f"{place.root}/data"] if place.isolation.own_volume else [],
        # A volume is the limit; without one, the quota is.
        "data_quota_mib": VOLUME_MIB * 2 if place.isolation.own_volume else VOLUME_MIB,
    }
    if place.host.service is not None:
        found |= {"service": place.host.service.name, "service_port": place.port}
    if place.host.database:
        found["database"] = place.host.database
    return found


def _write_known_hosts(file: Path, places: Sequence[Place]) -> None:
    """Trust every host's key, except that one host has changed its own since. A person's later word stays."""
    if file.exists() and f":{places[0].ssh_port} " in file.read_text(encoding="ascii"):
        return
    lines = []
    for place in places:
        key = public(host_key(place.folder))
        if place.host.name == KEY_CHANGED_HOST:
            former = asyncssh.generate_private_key("ssh-ed25519", place.host.name)
            key = former.export_public_key().decode("ascii").strip()
        lines.append(f"[{place.host.address}]:{place.ssh_port} {key}\n")
    file.write_text("".join(lines), encoding="ascii")


def _write_vault(site: Path, folder: Path) -> None:
    target = site / "inventory" / "group_vars" / "all" / "vault.yml"
    if target.exists():
        return
    key = site / "vault.password"
    password(key)
    vault = Path(sys.executable).with_name("ansible-vault")
    done = subprocess.run(
        [
            str(vault),
            "encrypt_string",
            "--vault-password-file",
            str(key),
            "--stdin-name",
            f"{INSPECTOR}_password",
        ],
        input=inspector_password(folder),
        env={**os.environ, "ANSIBLE_HOME": str(folder / "ansible")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PluginError(
            Text(
                f"ansible-vault 加密失败：{done.stderr.strip()}",
                f"ansible-vault failed: {done.stderr.strip()}",
            )
        )
    new = target.with_name("vault.yml.new")
    new.write_text(_GENERATED + done.stdout, encoding="utf-8")
    new.replace(target)


def _user() -> str:
    """Who logs in: the one who set the demo up. A stand-in SSH server lets any name in that has the key."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
