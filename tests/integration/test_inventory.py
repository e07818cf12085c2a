"""Inventories mean what the real Ansible says that they mean, and every slip in them is one clear error."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.errors import InvalidInventory
from orchestrator.language import Language
from orchestrator.model.inventory import Inventory, Verbatim
from orchestrator.reach.inventory import read_inventory
from orchestrator.reach.inventory_cache import KEY_SIZE, CacheFolder
from orchestrator.reach.vault import open_vault

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(
    not (BIN / "ansible-inventory").exists(), reason="missing: ansible-inventory in the virtual environment"
)

INI = """\
[web]
web[01:03] ansible_host=127.0.0.1

[db]
db01
web03

[empty]

[prod:children]
web
db
"""

MEANING = {
    "all": ("edge", "web01", "web02", "web03", "db01"),
    "db:web": ("db01", "web03", "web01", "web02"),
    "web:&prod:!db": ("web01", "web02"),
    "~web0[12]": ("web01", "web02"),
    "web[1:2]": ("web02", "web03"),
    "*b01,edge": ("web01", "db01", "edge"),
    "localhost": ("localhost",),
}


def ansible_vault(*arguments: str, text: str | None = None) -> str:
    ended = subprocess.run(
        [BIN / "ansible-vault", *arguments], input=text, capture_output=True, text=True, check=True
    )
    return ended.stdout


def inline(name: str, ciphertext: str) -> str:
    body = "".join(f"    {line}\n" for line in ciphertext.splitlines())
    return f"{name}: !vault |\n{body}"


@pytest.fixture(scope="module")
def password(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("password") / "vault-password"
    path.write_text("correct horse\n")
    return path


@pytest.fixture(scope="module")
def ciphertext(password: Path) -> str:
    """`inline-secret`, closed by the real ansible-vault."""
    return ansible_vault("encrypt", f"--vault-password-file={password}", "-", text="inline-secret")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, password: Path, ciphertext: str) -> Path:
    """A folder of inventories: INI and YAML, group_vars, host_vars, both kinds of vault."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "hosts.ini").write_text(INI)
    (folder / "more.yml").write_text("all:\n  hosts:\n    edge: {ansible_connection: local, level: host}\n")
    (folder / "group_vars" / "db").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    (folder / "group_vars" / "all.yml").write_text("level: all\nraw: !unsafe '{{ not_a_template }}'\n")
    (folder / "group_vars" / "web.yml").write_text(f"level: web\n{inline('token', ciphertext)}")
    (folder / "group_vars" / "db" / "open.yml").write_text("greeting: '{{ inventory_hostname }}'\n")
    closed = folder / "group_vars" / "db" / "vault.yml"
    closed.write_text("his: {owner: whole-file-secret}\n")
    ansible_vault("encrypt", f"--vault-password-file={password}", str(closed))
    (folder / "host_vars" / "web02.yml").write_text("level: host\n")
    return folder


@pytest.fixture(scope="module")
def inventory(site: Path, password: Path) -> Inventory:
    return asyncio.run(read_inventory([site], tuple(MEANING), None, password, None))


@pytest.fixture
def simple(tmp_path: Path, ciphertext: str) -> Path:
    """One static file with an inline vaulted value beside it."""
    path = tmp_path / "simple" / "hosts.ini"
    (path.parent / "group_vars").mkdir(parents=True)
    path.write_text(INI)
    (path.parent / "group_vars" / "all.yml").write_text(inline("token", ciphertext))
    return path


async def refusal(
    source: Path,
    patterns: Sequence[str] = (),
    limit: str | None = None,
    password: Path | None = None,
    patience: float = 60,
) -> str:
    with pytest.raises(InvalidInventory) as caught:
        await read_inventory([source], patterns, limit, password, None, patience)
    assert caught.value.say(Language.ZH)
    assert "Traceback" not in caught.value.say(Language.EN)
    return caught.value.say(Language.EN)


@pytest.fixture
def without_ansible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks Ansible from now on fails: only what is remembered can answer."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))


def test_every_pattern_means_the_hosts_that_ansible_says_in_its_order(inventory: Inventory) -> None:
    assert dict(inventory.matches) == MEANING


def test_variables_are_merged_by_ansibles_precedence(inventory: Inventory) -> None:
    levels = {name: host.variables["level"] for name, host in inventory.hosts.items() if name != "localhost"}
    assert levels == {"web01": "web", "web02": "host", "web03": "web", "db01": "all", "edge": "host"}
    assert inventory.hosts["db01"].variables["greeting"] == "{{ inventory_hostname }}"


def test_hosts_know_all_groups_that_hold_them_and_groups_keep_their_order(inventory: Inventory) -> None:
    assert inventory.hosts["web03"].groups == ("db", "prod", "web")
    assert inventory.hosts["edge"].groups == ()
    assert inventory.members["db"] == ("db01", "web03")
    assert inventory.groups == {"web", "db", "empty", "prod"}


def test_vaulted_values_are_opened_and_named_whether_inline_or_by_the_file(inventory: Inventory) -> None:
    assert inventory.hosts["web01"].variables["token"] == "inline-secret"
    assert inventory.hosts["web01"].vaulted == {"token"}
    assert inventory.hosts["db01"].variables["his"] == {"owner": "whole-file-secret"}
    assert inventory.hosts["db01"].vaulted == {"his"}
    assert inventory.hosts["edge"].vaulted == frozenset()


def test_unsafe_and_vaulted_texts_are_no_templates(inventory: Inventory) -> None:
    assert isinstance(inventory.hosts["edge"].variables["raw"], Verbatim)
    assert isinstance(inventory.hosts["web01"].variables["token"], Verbatim)
    assert not isinstance(inventory.hosts["db01"].variables["greeting"], Verbatim)


def test_the_implicit_localhost_is_reached_locally(inventory: Inventory) -> None:
    assert inventory.hosts["localhost"].variables["ansible_connection"] == "local"


async def test_a_labelled_vault_of_format_1_2_opens(password: Path) -> None:
    envelope = ansible_vault("encrypt", f"--vault-id=his@{password}", "-", text="密码")
    assert envelope.startswith("$ANSIBLE_VAULT;1.2;AES256;his")
    assert open_vault(password).open(envelope) == "密码"


async def test_a_password_script_is_run_as_ansible_does(simple: Path, tmp_path: Path) -> None:
    script = tmp_path / "password.sh"
    script.write_text("#!/bin/sh\necho 'correct horse'\n")
    script.chmod(0o700)
    inventory = await read_inventory([simple], (), None, script, None)
    assert inventory.hosts["db01"].variables["token"] == "inline-secret"


async def test_without_a_password_a_vault_is_one_clear_error(simple: Path, site: Path) -> None:
    for source in (simple, site):
        assert "no vault password was given" in await refusal(source)


async def test_the_wrong_password_is_one_clear_error(simple: Path, site: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    for source in (simple, site):
        assert f"password in {wrong} does not open" in await refusal(source, password=wrong)


async def test_a_missing_password_file_is_named(simple: Path, tmp_path: Path) -> None:
    assert "nowhere does not exist" in await refusal(simple, password=tmp_path / "nowhere")


async def test_a_limit_may_leave_a_play_without_hosts_but_not_all(simple: Path, password: Path) -> None:
    inventory = await read_inventory([simple], ["web", "db"], "web01", password, None)
    assert dict(inventory.matches) == {"web": ("web01",), "db": ()}
    assert "within the limit web01 no host matches: db" in await refusal(simple, ["db"], "web01", password)


async def test_a_limit_is_read_from_a_file(simple: Path, password: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.write_text("web02\ndb01\n")
    inventory = await read_inventory([simple], ["all"], f"@{chosen}", password, None)
    assert inventory.matches["all"] == ("web02", "db01")


async def test_unknown_names_in_pattern_and_limit_are_errors_with_near_names(
    simple: Path, password: Path
) -> None:
    said = await refusal(simple, ["webb", "db"], "prod:!wbe03", password)
    assert "no such host or group: webb, wbe03" in said
    assert "did you mean web, web03?" in said


async def test_a_pattern_that_matches_nobody_is_no_green_round(simple: Path, password: Path) -> None:
    assert "no host matches: empty" in await refusal(simple, ["empty", "web"], None, password)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bad.yml", "all:\n  hosts: [a\n", "bad.yml:3:1"),
        ("bad.ini", "[web\nfoo bar baz\n", "bad.ini"),
        ("bad.sh", "#!/bin/sh\nexit 3\n", "non-zero exit code 3"),
        ("words.sh", "#!/bin/sh\necho hello\n", "words.sh"),
    ],
)
async def test_what_ansible_cannot_parse_is_an_error_though_it_only_warns(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.ini").write_text("a\n")
    (folder / name).write_text(content)
    (folder / name).chmod(0o755 if name.endswith(".sh") else 0o644)
    refused = await refusal(folder)
    assert "can't parse the inventory" in refused
    assert said in refused


async def test_broken_group_vars_are_named(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("a\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: [1\n")
    assert "YAML parsing failed" in await refusal(tmp_path / "hosts.ini")


async def test_all_missing_sources_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInventory, match=r"no such inventory: .*one.*two"):
        await read_inventory([tmp_path / "one", tmp_path / "two"], (), None, None, None)


async def test_a_dynamic_script_is_asked_anew_every_time(tmp_path: Path) -> None:
    script = tmp_path / "dynamic.sh"
    names = tmp_path / "names"
    script.write_text(f'#!/bin/sh\nprintf \'{{"g": {{"hosts": ["%s"]}}}}\' "$(cat {names})"\n')
    script.chmod(0o755)
    for name in ("first", "second"):
        names.write_text(name)
        inventory = await read_inventory(
            [script], (), None, None, CacheFolder(tmp_path / "cache", b"k" * KEY_SIZE)
        )
        assert inventory.members["g"] == (name,)
    assert not (tmp_path / "cache").exists()


async def test_a_script_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = tmp_path / "hangs.sh"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    script.chmod(0o755)
    assert "did not read the inventory within 3 seconds" in await refusal(script, patience=3)
    child = int((tmp_path / "pid").read_text())
    async with asyncio.timeout(5):
        while alive(child):
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_static_inventory_is_remembered_until_a_file_changes(
    simple: Path, password: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cache = CacheFolder(tmp_path / "cache", b"k" * KEY_SIZE)
    first = await read_inventory([simple], ["db"], None, password, cache)
    request.getfixturevalue("without_ansible")
    assert await read_inventory([simple], ["db"], None, password, cache) == first
    with pytest.raises(InvalidInventory, match="missing"):
        await read_inventory([simple], ["web"], None, password, cache)
    (simple.parent / "group_vars" / "db.yml").write_text("changed: true\n")
    with pytest.raises(InvalidInventory, match="missing"):
        await read_inventory([simple], ["db"], None, password, cache)


async def test_the_cache_holds_no_decrypted_value_and_opens_nothing_without_the_password(
    simple: Path, site: Path, password: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cache = CacheFolder(tmp_path / "cache", b"k" * KEY_SIZE)
    asked = [await read_inventory([source], (), None, password, cache) for source in (simple, site)]
    entries = list(cache.path.iterdir())
    assert len(entries) == 2
    for entry in entries:
        assert "inline-secret" not in entry.read_bytes().decode("latin-1")
        assert "whole-file-secret" not in entry.read_bytes().decode("latin-1")
        assert entry.stat().st_mode & 0o077 == 0
    request.getfixturevalue("without_ansible")
    assert [await read_inventory([source], (), None, password, cache) for source in (simple, site)] == asked
    for source in (simple, site):
        with pytest.raises(InvalidInventory, match="no vault password"):
            await read_inventory([source], (), None, None, cache)


async def test_what_we_close_the_real_ansible_vault_opens(password: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.write_text(open_vault(password).close("密码" * 500))
    assert ansible_vault("view", f"--vault-password-file={password}", str(closed)).strip() == "密码" * 500


async def test_neither_the_users_settings_nor_the_current_folder_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "group_vars").mkdir(parents=True)
    (home / "group_vars" / "all.yml").write_text("leaked: true\n")
    for name in (".ansible.cfg", "ansible.cfg"):
        (home / name).write_text("[inventory]\nenable_plugins = nosuch\n")
    (tmp_path / "hosts.ini").write_text("a\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ANSIBLE_INVENTORY_ENABLED", "nosuch")
    monkeypatch.chdir(home)
    inventory = await read_inventory([Path("../hosts.ini")], ["all"], None, None, None)
    assert inventory.matches["all"] == ("a",)
    assert "leaked" not in inventory.hosts["a"].variables


async def test_an_ansible_cfg_beside_the_inventory_counts_but_may_not_say_how_to_connect(
    tmp_path: Path,
) -> None:
    source = tmp_path / "hosts.ini"
    source.write_text("[g]\na\n[g:vars]\nd={'x': 1}\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "a.yml").write_text("d: {y: 2}\n")
    configuration = tmp_path / "ansible.cfg"
    configuration.write_text("[defaults]\nhash_behaviour = merge\nhost_key_checking = False\n")
    inventory = await read_inventory([source], (), None, None, None)
    assert inventory.hosts["a"].variables["d"] == {"x": 1, "y": 2}
    configuration.write_text("[defaults]\nremote_user = root\n[ssh_connection]\nssh_args = -C\n")
    said = await refusal(source)
    assert "[defaults] remote_user, [ssh_connection] ssh_args" in said
    assert "ansible_user, ansible_ssh_args" in said


async def test_a_folder_that_is_far_too_large_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.reach.inventory_files.MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.ini").touch()
    assert "more than 3 files" in await refusal(tmp_path)


async def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text("a\n")
    (tmp_path / "group_vars").mkdir()
    os.mkfifo(tmp_path / "group_vars" / "all")
    assert "not a regular file" in await refusal(tmp_path / "hosts.ini")
