"""A site's file is read with every path resolved, or answered with all that is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.documents.site import acceptance_file, read_site
from orchestrator.language import Text
from tests.documents.reading import hint, places, refused

HOSPITAL = "hospital: {zh: 下邑县人民医院, en: Xiayi County Hospital}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "wardround.yml"
    path.write_text(text)
    return path


def test_a_site_needs_its_name_and_an_inventory_and_no_more(folder: Path) -> None:
    site = read_site(write(folder, HOSPITAL))
    assert site.hospital == Text("下邑县人民医院", "Xiayi County Hospital")
    assert (site.root, site.inventory, site.runbooks) == (folder, (folder / "inventory",), ())
    assert (site.systems, site.thresholds, site.accepted, site.vault_password_file) == (None, None, (), None)
    assert (site.known_hosts, site.state) == (folder / "known_hosts", folder / "var")
    assert (site.timezone.key, site.concurrency, site.connect_timeout, site.host_timeout) == (
        "Asia/Shanghai",
        50,
        10.0,
        120.0,
    )


def test_files_in_their_usual_places_are_found(folder: Path) -> None:
    (folder / "runbooks").mkdir()
    for name in ("systems", "thresholds", "accepted"):
        (folder / f"{name}.yml").write_text("# empty\n")
    site = read_site(write(folder, HOSPITAL))
    assert site.runbooks == (folder / "runbooks",)
    assert site.systems == folder / "systems.yml"
    assert site.thresholds == folder / "thresholds.yml"
    assert site.accepted == (folder / "accepted.yml",)


def test_the_products_runbooks_and_acceptances_come_after_the_sites(folder: Path) -> None:
    content = folder / "product"
    (content / "runbooks").mkdir(parents=True)
    (folder / "runbooks").mkdir()
    site = read_site(write(folder, HOSPITAL), content)
    assert site.runbooks == (folder / "runbooks", content / "runbooks")
    assert site.accepted == ()
    (content / "runbooks/accepted.yml").write_text("[]\n")
    assert read_site(folder / "wardround.yml", content).accepted == (content / "runbooks/accepted.yml",)


def test_what_a_person_accepts_goes_to_the_sites_own_file(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = tmp_path_factory.mktemp("product")
    (content / "runbooks").mkdir()
    (content / "runbooks/accepted.yml").write_text("[]\n")
    path = write(folder, HOSPITAL)
    assert acceptance_file(read_site(path, content)) == folder / "accepted.yml"
    (folder / "words.yml").write_text("[]\n")
    write(folder, HOSPITAL + "accepted: words.yml\n")
    assert acceptance_file(read_site(path, content)) == folder / "words.yml"


def test_several_inventories_keep_their_order(folder: Path) -> None:
    (folder / "b.ini").write_text("")
    site = read_site(write(folder, HOSPITAL + "inventory: [b.ini, inventory]\n"))
    assert site.inventory == (folder / "b.ini", folder / "inventory")


def test_paths_are_absolute_also_where_the_file_was_named_from_within(folder: Path) -> None:
    write(folder, HOSPITAL)
    here = Path.cwd()
    os.chdir(folder)
    try:
        assert read_site(Path("wardround.yml")).state == folder / "var"
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("systems: gone.yml\n", "2:10 missing-file"),
        ("systems: inventory\n", "2:10 missing-file"),
        ("runbooks: wardround.yml\n", "2:11 missing-file"),
        ("inventory: [inventory, gone]\n", "2:24 missing-file"),
        ("vault_password_file: ~nobody-of-that-name/x\n", "2:22 missing-file"),
        (f"systems: {'x' * 400}\n", "2:10 missing-file"),
        ("timezone: Asia/Shanghei\n", "2:11 unknown-timezone"),
        ("timezone: ../../etc/passwd\n", "2:11 unknown-timezone"),
        ("concurrency: 0\n", "2:14 invalid-value"),
        ('concurrency: "50"\n', "2:14 wrong-type"),
        ("connect_timeout: 0\n", "2:18 invalid-value"),
        ("inventry: x\n", "2:1 unknown-key"),
        ("inventory: []\n", "2:12 invalid-value"),
        ("inventory: 3\n", "2:12 wrong-type"),
        ("state:\n", "2:7 wrong-type"),
    ],
)
def test_each_mistake_has_its_place(text: str, expected: str, folder: Path) -> None:
    assert expected in places(refused(lambda: read_site(write(folder, HOSPITAL + text))))


def test_a_misspelt_time_zone_gets_the_near_one(folder: Path) -> None:
    assert "Asia/Shanghai" in hint(
        refused(lambda: read_site(write(folder, HOSPITAL + "timezone: asia/shanghei\n")))
    )


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "hospital: {zh: 医院}\nthresholds: t.yml\naccepted: a.yml\n")
    assert places(refused(lambda: read_site(path))) == [
        "1:1 missing-file",
        "1:11 missing-key",
        "2:13 missing-file",
        "3:11 missing-file",
    ]


def test_a_site_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    assert places(refused(lambda: read_site(tmp_path / "wardround.yml"))) == ["1:1 unreadable"]
    (tmp_path / "wardround.yml").mkdir()
    assert places(refused(lambda: read_site(tmp_path / "wardround.yml"))) == ["1:1 unreadable"]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("mysql://his/records", "invalid-database"),
        ("records.sqlite3", "invalid-database"),
        ("postgresql://db", "invalid-database"),
        ("postgresql://db/a/b", "invalid-database"),
        ("postgresql://db:0/records", "invalid-database"),
        ("postgresql://db:port/records", "invalid-database"),
        ("postgresql://db/records?sslmod=require", "invalid-database"),
        ("postgresql://db/records?sslmode=on", "invalid-database"),
        ("postgresql://db/records?password=Hunter2", "invalid-database"),
        ("postgresql://ward:Hunter2@db/records", "password-in-url"),
        ("postgresql://[db/records", "invalid-database"),
        ("ward:Hunter2@db/records", "invalid-database"),
    ],
)
def test_a_database_url_that_is_wrong_is_refused_and_no_password_is_shown(
    url: str, rule: str, folder: Path
) -> None:
    error = refused(lambda: read_site(write(folder, HOSPITAL + f'database: "{url}"\n')))
    assert places(error) == [f"2:11 {rule}"]
    assert "Hunter2" not in str(error)


def test_a_database_url_is_read_and_shown_without_its_options(folder: Path) -> None:
    password = folder / "password"
    password.write_text("x\n")
    password.chmod(0o600)
    text = (
        "database: postgresql://ward@[::1]:5433/records?sslmode=require\ndatabase_password_file: password\n"
    )
    server = read_site(write(folder, HOSPITAL + text)).database
    assert server is not None
    assert (server.host, server.port, server.user, server.name) == ("::1", 5433, "ward", "records")
    assert (server.options, server.password_file) == ({"sslmode": "require"}, password)
    assert str(server) == "postgresql://ward@[::1]:5433/records"
    socket = read_site(write(folder, HOSPITAL + "database: postgresql:///records?host=/run/pg\n")).database
    assert socket is not None
    assert (socket.host, socket.user, socket.options) == ("/run/pg", "", {})


def test_a_password_file_that_others_can_read_is_refused(folder: Path) -> None:
    (folder / "password").write_text("x\n")
    (folder / "password").chmod(0o644)
    text = HOSPITAL + "database: postgresql://db/records\ndatabase_password_file: password\n"
    assert places(refused(lambda: read_site(write(folder, text)))) == ["3:25 missing-file"]
