from __future__ import annotations

import stat
from pathlib import Path

import asyncssh
import pytest

from orchestrator.errors import InputError, InvalidDocument, StoreError
from orchestrator.reach.host_keys import (
    KeyStatus,
    KnownHosts,
    ScannedKey,
    TrustedKeys,
    place,
    record_host_keys,
    scanned,
)

OLD, NEW = (asyncssh.generate_private_key("ssh-ed25519").convert_to_public() for _ in range(2))


def line(name: str, key: asyncssh.SSHKey) -> str:
    return f"{name} {' '.join(key.export_public_key().decode().split()[:2])}"


def shown(key: asyncssh.SSHKey, address: str = "10.0.0.1", port: int = 22) -> ScannedKey:
    return scanned("his-db01", place(address, port), key, TrustedKeys(), is_jump=False)


def test_a_file_that_does_not_exist_trusts_nobody(tmp_path: Path) -> None:
    known = KnownHosts.read(tmp_path / "known_hosts")
    assert known.trusted("10.0.0.1", 22) == TrustedKeys()


def test_a_key_is_trusted_on_its_own_port_only() -> None:
    known = KnownHosts(f"{line('[10.0.0.1]:2222', OLD)}\n{line('10.0.0.1', NEW)}\n")
    assert known.trusted("10.0.0.1", 2222).keys == (OLD,)
    assert known.trusted("10.0.0.1", 22).keys == (NEW,)
    assert known.trusted("10.0.0.1", 2200).keys == ()


def test_hashed_names_are_found() -> None:
    # HMAC-SHA1 of 192.168.1.61, as `ssh-keygen -H` writes it.
    hashed = "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|VABW/swdBkyrjlPVEv2j1at0yDU="
    known = KnownHosts(line(hashed, OLD))
    assert known.trusted("192.168.1.61", 22).keys == (OLD,)
    assert known.trusted("192.168.1.62", 22).keys == ()


def test_revoked_keys_and_authorities_are_told_apart() -> None:
    known = KnownHosts(f"@revoked {line('*', OLD)}\n@cert-authority {line('*.hospital.cn', NEW)}\n")
    assert known.trusted("his.hospital.cn", 22) == TrustedKeys((), (NEW,), (OLD,))
    assert scanned("h", "h", OLD, known.trusted("h", 22), is_jump=False).status is KeyStatus.CHANGED


def test_every_line_that_is_not_understood_is_named_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"# ours\nnonsense\n{line('a', OLD)}\n@unheard-of a b c\n")
    with pytest.raises(InvalidDocument) as caught:
        KnownHosts.read(path)
    assert [found.position.line for found in caught.value.diagnostics] == [2, 4]
    assert {found.position.file for found in caught.value.diagnostics} == {str(path)}


def test_a_binary_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidDocument):
        KnownHosts.read(path)


def test_first_contact_is_recorded_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "site" / "known_hosts"
    record_host_keys(path, [shown(OLD), shown(NEW, port=2222)])
    known = KnownHosts.read(path)
    assert known.trusted("10.0.0.1", 22).keys == (OLD,)
    assert known.trusted("10.0.0.1", 2222).keys == (NEW,)


def test_recording_twice_writes_one_line(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    for _ in range(2):
        record_host_keys(path, [shown(OLD), shown(OLD)])
    assert path.read_text() == f"{line('10.0.0.1', OLD)}\n"


def test_another_key_is_not_recorded_unless_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    record_host_keys(path, [shown(OLD)])
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        record_host_keys(path, [shown(OLD, "10.0.0.9"), shown(NEW)])
    assert "--replace his-db01" in str(caught.value.hint)
    assert path.read_bytes() == before


def test_replacing_keeps_comments_and_every_other_host(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    others = f"# kept\nnonsense\n{line('10.0.0.2', OLD)}\n\n@revoked {line('10.0.0.1', OLD)}\n"
    path.write_text(f"{others}{line('db,10.0.0.1', OLD)} note\n")
    path.chmod(0o600)
    record_host_keys(path, [shown(NEW)], replace=True)
    assert path.read_text() == f"{others}{line('db', OLD)} note\n{line('10.0.0.1', NEW)}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_left_behind_when_the_file_can_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.mkdir()
    (path / "something").touch()
    with pytest.raises(StoreError):
        record_host_keys(path, [shown(OLD)])
    assert list(tmp_path.iterdir()) == [path]
