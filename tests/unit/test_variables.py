"""Variables mean what Ansible means by them, and a template can neither escape nor run away."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.language import Language
from orchestrator.model.inventory import Verbatim
from orchestrator.planning.variables import Rendered, Scope, Variables
from tests.unit.planning_cast import host, inventory

HOSTS = inventory(
    host(
        "his-db01.local",
        "db",
        vaulted=["owner"],
        port=5432,
        alias="{{ port }}",
        twice="{{ alias + alias }}",
        round="{{ trip }}",
        trip="{{ round }}",
        hollow="{{ nothing }}",
        owner=Verbatim("p{{ port }}"),
        url="pg://{{ owner }}@{{ inventory_hostname }}",
        api_token="t0ken",
        ports=["{{ port }}", {"again": "{{ alias }}"}],
        missing=None,
    ),
    host("web01", "web", port=80),
)


def scope() -> Scope:
    return Variables(HOSTS).scope("his-db01.local", {"play_port": "{{ port + 1 }}"})


def render(template: object) -> Rendered:
    return scope().render(template)


def refusal(template: str) -> str:
    with pytest.raises(InputError) as caught:
        render(template)
    return caught.value.say(Language.EN)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("no template", "no template"),
        ("{{ port }}", 5432),
        ("{{ twice }}", 10864),
        ("{{ port }}{{ port }}", "54325432"),
        ("{{ '5432' }}", "5432"),
        ("{{ 5 }}", 5),
        ("{{ play_port }}", 5433),
        ("{{ ports }}", [5432, {"again": 5432}]),
        ({"a": ["{{ port }}"]}, {"a": [5432]}),
        ("{{ missing }}", None),
        ("{{ inventory_hostname_short }}", "his-db01"),
        ("{{ group_names }}", ["db"]),
        ("{{ groups['all'] | length }}", 2),
        ("{{ hostvars['web01'].port }}", 80),
        ("{{ hostvars['nobody'] is defined }}", False),
        ("{{ hollow | default('filled') }}", "filled"),
        ("{{ owner }}", "p{{ port }}"),
        ("{{ [1, 2, 3] | select('odd') }}", [1, 3]),
        ("{% for n in [1, 2] %}{{ n }}{% endfor %}", "12"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ 'yes' | bool }}", True),
        ("{{ 'aGk=' | b64decode }}", "hi"),
        ("{{ '/a/b.c' | basename }} {{ '/a/b.c' | dirname }}", "b.c /a"),
        ("{{ 'a b' | quote }}", "'a b'"),
        ("{{ 'abc' | regex_replace('b(.)', '\\\\1') }}", "ac"),
        ("{{ {'a': {'x': 1}} | combine({'a': {'y': 2}}, recursive=true) }}", {"a": {"x": 1, "y": 2}}),
        ("{{ (port > 80) | ternary('high', 'low') }}", "high"),
        ("{{ 'a,b' | split(',') }}", ["a", "b"]),
        ("{{ 'his-db01' is match('his') }}", True),
    ],
)
def test_templates_give_what_ansible_gives(template: object, value: object) -> None:
    assert render(template).value == value


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ hollow }}", "hollow: 'nothing' is undefined"),
        ("{{ nothing | mandatory }}", "mandatory"),
        ("{{ round }}", "round -> trip -> round"),
        ("{{ port", "unexpected end of template"),
        ("{{ port | nofilter }}", "No filter named 'nofilter'"),
        ("{{ lookup('file', '/etc/passwd') }}", "lookup is not supported"),
        ("{{ query('pipe', 'id') }}", "lookup is not supported"),
        ("{% include '/etc/passwd' %}", "include is not supported"),
        ("{% macro m() %}{% endmacro %}", "macro is not supported"),
        ("{{ 'maybe' | bool }}", "neither yes nor no"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_what_cannot_be_rendered_says_why(template: str, said: str) -> None:
    assert said in refusal(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ port.__class__ }}",
        "{{ groups.db.append('x') }}",
        "{{ lookup.__globals__ }}",
        "{{ hostvars._variables }}",
        "{{ self }}",
        "{{ dict }}",
    ],
)
def test_a_template_stays_in_its_sandbox(template: str) -> None:
    assert "can't be rendered" in refusal(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ range(10**9) }}",
        "{{ 'a' * 10**9 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ '%1000000000s' % 1 }}",
        "{{ 'a'.rjust(10**9) }}",
        "{{ ('a' * 60000) | replace('a', 'b' * 60000) }}",
        "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}",
        "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
        "{{ 1 }}" * 20_000,
        "{% for a in [1] %}" * 25 + "{% endfor %}" * 25,
    ],
)
def test_a_template_that_asks_too_much_is_refused(template: str) -> None:
    assert "can't be rendered" in refusal(template)


@pytest.mark.parametrize(
    ("template", "secrets"),
    [
        ("{{ port }}", set()),
        ("{{ owner }}", {"owner"}),
        ("{{ url }}", {"owner"}),
        ("{{ api_token | length }}", {"api_token"}),
        ("{{ hostvars['his-db01.local'].url }}", {"owner"}),
        ("{% if owner == 'x' %}yes{% endif %}", {"owner"}),
    ],
)
def test_a_value_knows_which_secrets_it_was_made_of(template: str, secrets: set[str]) -> None:
    assert render(template).secrets == secrets


def test_an_error_does_not_quote_a_secret() -> None:
    assert "t0ken" not in refusal("{{ api_token | bool }}")


@given(st.text(alphabet="{}%#'|()[]. abx0~*", max_size=60))
def test_any_text_renders_or_is_refused(text: str) -> None:
    with suppress(InputError):
        assert render(text).secrets == frozenset()
