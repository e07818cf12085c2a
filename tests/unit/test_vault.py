"""A damaged vault is a clear error, whatever the damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InvalidInventory
from orchestrator.reach.vault import Vault, assigned_names

VAULT = Vault(b"password", None)


@given(st.text(max_size=200))
def test_any_damaged_body_is_a_clear_error(body: str) -> None:
    with pytest.raises(InvalidInventory):
        VAULT.open(f"$ANSIBLE_VAULT;1.1;AES256\n{body}")


@pytest.mark.parametrize("header", ["$ANSIBLE_VAULT;1.0;AES", "$ANSIBLE_VAULT;1.1;ROT13", "nothing"])
def test_other_formats_are_refused(header: str) -> None:
    with pytest.raises(InvalidInventory, match="format"):
        VAULT.open(f"{header}\n00")


def test_names_are_found_in_yaml_json_and_ini() -> None:
    text = "his: {owner: x}\n'quoted' : y\n\"json\": 1\n[web]\nweb01 ansible_password=x\n"
    assert {"his", "owner", "quoted", "json", "ansible_password"} <= assigned_names(text)
