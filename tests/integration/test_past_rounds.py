"""The list of rounds, narrowed to one runbook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.application.past_rounds import PastRounds
from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.site import Site
from tests.integration.test_people import make_site
from tests.rounds import START, plan, recorded


def silent(_text: Text) -> None: ...


@pytest.fixture
def site(database: Path, tmp_path: Path) -> Site:
    return replace(make_site(tmp_path, database), runbooks=(tmp_path / "runbooks",))


@pytest.fixture
def past(site: Site) -> PastRounds:
    return PastRounds(site, lambda: START)


def write_runbook(site: Site, kind: str, name: str) -> None:
    folder = site.root / "runbooks" / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yml").write_text("- name: 巡检\n")


def test_an_unknown_name_is_said_to_be_unknown(past: PastRounds) -> None:
    recorded(plan("db1", runbook="morning"))
    with pytest.raises(NotFound, match="no inspection named mornign") as caught:
        past.list("mornign", 5, silent)
    assert caught.value.hint is not None
    assert "did you mean morning?" in caught.value.hint.en


def test_a_name_like_no_other_shows_what_there_is(past: PastRounds) -> None:
    recorded(plan("db1", runbook="morning"))
    with pytest.raises(NotFound) as caught:
        past.list("zzz", 5, silent)
    assert caught.value.hint is not None
    assert "there are: morning" in caught.value.hint.en


def test_the_rounds_of_a_runbook_that_is_gone_are_listed(past: PastRounds) -> None:
    number = recorded(plan("db1", runbook="abolished"))
    assert [line.number for line in past.list("abolished", 5, silent)] == [number]


def test_a_runbook_that_never_ran_has_an_empty_list(past: PastRounds, site: Site) -> None:
    write_runbook(site, "inspection", "evening")
    assert past.list("evening", 5, silent) == ()
    with pytest.raises(NotFound):
        past.list("evenin", 5, silent)


def test_a_name_may_carry_its_folder(past: PastRounds) -> None:
    number = recorded(plan("db1", runbook="morning"))
    assert [line.number for line in past.list("inspection/morning", 5, silent)] == [number]
