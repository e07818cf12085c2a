"""Where a run stands: for any plan, any journal that a crash may leave, and any rulings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.execution.standing import EVERY_HOST, Course, Next, Standing, Todo
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan, PlannedHost, PlannedPlay, PlannedStep
from orchestrator.model.ruling import Ruling, agreed, persons
from orchestrator.model.run import Attempt, Decision, Intent, TaskOutcome, TaskState
from orchestrator.model.runbook import Kind, Module

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
HAPPENED = (TaskState.OK, TaskState.FAILED, TaskState.STOPPED, TaskState.UNKNOWN)
NOT_HAPPENED = (TaskState.SKIPPED, TaskState.UNREACHABLE, TaskState.UNKNOWN)


def step(name: str, module: Module = Module.SHELL, effect: Effect = Effect.ONCE) -> PlannedStep:
    return PlannedStep(name, name, module, {}, effect, None, None)


def planned(plays: Sequence[tuple[Sequence[str], Sequence[PlannedStep]]], environment: str = "test") -> Plan:
    names = dict.fromkeys(name for hosts, _ in plays for name in hosts)
    hosts = tuple(
        PlannedHost(
            name, (), f"ward@{name}:22", (), "",
            tuple(one for hosts, steps in plays if name in hosts for one in steps), environment,
        )
        for name in names
    )  # fmt: skip
    made = tuple(
        PlannedPlay(f"play {number}", tuple(hosts), tuple(one.id for one in steps))
        for number, (hosts, steps) in enumerate(plays)
    )
    return Plan("storm", "storm", Kind.ROUTINE, hosts, {}, {}, "d" * 64, made)


def attempt(host: str, task: str, state: TaskState | None, number: int = 1) -> Attempt:
    intent = Intent(host, task, number, Effect.ONCE, f"{host} {task} {number}", "")
    outcome = None if state is None else TaskOutcome(host, task, number, state)
    return Attempt(intent, outcome, NOW, NOW if outcome else None)


def ruling(host: str, task: str, decision: Decision, by: str = "wang", number: int = 1) -> Ruling:
    return Ruling(host, task, number, decision, Actor(by, Proof.SESSION), "seen", NOW)


def brief(standing: Standing) -> tuple[str, dict[str, Todo]]:
    return standing.task, {one.host: one.todo for one in standing.next}


TWO = planned([(("a", "b"), [step("first"), step("second")])])


def test_hosts_wait_for_one_another() -> None:
    standing = Course(TWO).stand([attempt("a", "first", TaskState.OK), attempt("b", "first", None)], [])
    assert brief(standing) == ("first", {"b": Todo.RECOVER})


def test_a_host_that_failed_stays_out_while_the_others_go_on() -> None:
    journal = [attempt("a", "first", TaskState.FAILED), attempt("b", "first", TaskState.OK)]
    standing = Course(TWO).stand(journal, [])
    assert brief(standing) == ("second", {"b": Todo.BEGIN})
    assert standing.out == {"a": TaskState.FAILED}


def test_a_play_that_lost_all_its_hosts_ends_the_run_at_once() -> None:
    rest = [step("pause", Module.PAUSE, Effect.READ), step("second")]
    plan = planned([(("a",), [step("first"), *rest]), (("b",), [step("third")])])
    standing = Course(plan).stand([attempt("a", "first", TaskState.UNREACHABLE)], [])
    assert standing.through


def test_a_play_without_hosts_ends_nothing() -> None:
    plan = planned([((), [step("first")]), (("a",), [step("second")])])
    assert brief(Course(plan).stand([], [])) == ("second", {"a": Todo.BEGIN})


def test_a_pause_is_everybodys() -> None:
    plan = planned([(("a", "b"), [step("pause", Module.PAUSE, Effect.READ), step("first")])])
    assert brief(Course(plan).stand([], [])) == ("pause", {EVERY_HOST: Todo.BEGIN})
    after = Course(plan).stand([attempt(EVERY_HOST, "pause", TaskState.OK)], [])
    assert brief(after) == ("first", {"a": Todo.BEGIN, "b": Todo.BEGIN})


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision.DONE, ("second", {"a": Todo.BEGIN})),
        (Decision.RETRY, ("first", {"a": Todo.BEGIN})),
        (Decision.ABORT, ("", {})),
    ],
)
def test_a_ruling_says_what_is_taken_for_the_outcome(
    decision: Decision, expected: tuple[str, dict[str, Todo]]
) -> None:
    plan = planned([(("a",), [step("first"), step("second")])])
    journal = [attempt("a", "first", TaskState.UNKNOWN)]
    assert brief(Course(plan).stand(journal, [])) == ("first", {"a": Todo.RULE})
    assert brief(Course(plan).stand(journal, [ruling("a", "first", decision)])) == expected


def test_a_ruling_is_about_one_attempt() -> None:
    plan = planned([(("a",), [step("first")])])
    journal = [attempt("a", "first", TaskState.UNKNOWN), attempt("a", "first", TaskState.UNKNOWN, 2)]
    standing = Course(plan).stand(journal, [ruling("a", "first", Decision.RETRY)])
    assert brief(standing) == ("first", {"a": Todo.RULE})


def test_on_production_two_persons_have_to_agree_on_what_must_happen_once() -> None:
    plan = planned([(("a",), [step("first")])], environment="production")
    assert [persons(plan, "a", effect) for effect in (Effect.ONCE, Effect.IDEMPOTENT)] == [2, 1]
    assert persons(TWO, "a", Effect.ONCE) == 1
    journal = [attempt("a", "first", TaskState.UNKNOWN)]
    words = [ruling("a", "first", Decision.DONE)]
    assert brief(Course(plan).stand(journal, words)) == ("first", {"a": Todo.RULE})
    words += [ruling("a", "first", Decision.RETRY, "li")]
    assert brief(Course(plan).stand(journal, words)) == ("first", {"a": Todo.RULE})
    words += [ruling("a", "first", Decision.DONE, "zhao")]
    assert Course(plan).stand(journal, words).through


def test_one_person_who_says_it_twice_is_one_person() -> None:
    word = ruling("a", "first", Decision.DONE)
    assert agreed([word, word], 2) is None
    assert agreed([word, ruling("a", "first", Decision.DONE, "li")], 2) is Decision.DONE


# --- any plan, any crash -----------------------------------------------------------------------------------

steps = st.lists(st.sampled_from([Module.SHELL, Module.SHELL, Module.PAUSE, Module.DEBUG]), max_size=4)
hosts = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    plays = []
    for number, (names, modules) in enumerate(draw(st.lists(st.tuples(hosts, steps), max_size=3))):
        made = [step(f"{number}-{at}", module) for at, module in enumerate(modules)]
        plays.append((tuple(names), made))
    return planned(plays, draw(st.sampled_from(["test", "production"])))


class World:
    """Hosts on which things happen, and a journal that loses what a crash keeps from it, but no intent."""

    def __init__(self, plan: Plan, data: st.DataObject) -> None:
        self._plan = plan
        self._data = data
        self.journal: list[Attempt] = []
        self.rulings: list[Ruling] = []
        self.happened: Counter[tuple[str, str]] = Counter()
        self.may_have: set[tuple[str, str]] = set()
        """Done, or perhaps done, and nobody said that it is to be done again."""

    def act(self, one: Next) -> None:
        place = (one.host, one.task.id)
        match one.todo:
            case Todo.BEGIN:
                retried = one.before is not None
                assert place not in self.may_have or retried
                assert one.number > max((a.intent.number for a in self._of(place)), default=0)
                self.may_have.discard(place)
                self._begin(one)
            case Todo.RECOVER:
                assert one.before is not None
                assert one.before.outcome is None
                self._learn(self.journal.index(one.before))
            case Todo.RULE:
                self._rule(one)

    def _begin(self, one: Next) -> None:
        self.journal.append(attempt(one.host, one.task.id, None, one.number))
        if self._data.draw(st.booleans(), "the worker dies before it is sent"):
            return
        if self._data.draw(st.booleans(), "the host does it"):
            self.happened[one.host, one.task.id] += 1
            self.may_have.add((one.host, one.task.id))
        if self._data.draw(st.booleans(), "the worker lives to hear of it"):
            self._learn(len(self.journal) - 1)

    def _learn(self, at: int) -> None:
        intent = self.journal[at].intent
        place = (intent.host, intent.task)
        known = HAPPENED if place in self.may_have else NOT_HAPPENED
        state = self._data.draw(st.sampled_from(known), "what the host says")
        if state is TaskState.UNKNOWN:
            self.may_have.add(place)
        self.journal[at] = attempt(*place, state, intent.number)

    def _rule(self, one: Next) -> None:
        for name in ("wang", "li")[: persons(self._plan, one.host, one.task.effect)]:
            decision = self._data.draw(st.sampled_from(Decision), f"{name} rules")
            self.rulings.append(ruling(one.host, one.task.id, decision, name, one.number))

    def _of(self, place: tuple[str, str]) -> list[Attempt]:
        return [one for one in self.journal if (one.intent.host, one.intent.task) == place]


@settings(max_examples=150)
@given(plans(), st.data())
def test_nothing_is_begun_that_may_have_happened_unless_persons_said_so(
    plan: Plan, data: st.DataObject
) -> None:
    course, world = Course(plan), World(plan, data)
    for _ in range(40):
        standing = course.stand(world.journal, world.rulings)
        assert {one.task.id for one in standing.next} <= {standing.task}
        assert standing.through == (standing.task == "")
        if standing.through:
            break
        world.act(data.draw(st.sampled_from(standing.next), "next"))
    retried = Counter(
        (one.host, one.task)
        for one in world.rulings
        if one.decision is Decision.RETRY and one.by.name == "wang"
    )
    assert all(count <= 1 + retried[place] for place, count in world.happened.items())


@settings(max_examples=100)
@given(plans(), st.data())
def test_hosts_do_not_depend_on_the_order_in_which_they_wrote(plan: Plan, data: st.DataObject) -> None:
    course, world = Course(plan), World(plan, data)
    for _ in range(data.draw(st.integers(0, 20))):
        standing = course.stand(world.journal, world.rulings)
        if standing.through:
            break
        world.act(data.draw(st.sampled_from(standing.next)))
    by_host = sorted(world.journal, key=lambda one: one.intent.host)
    assert course.stand(by_host, world.rulings) == course.stand(world.journal, world.rulings)
