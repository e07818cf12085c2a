"""Series whose future is known, to try forecasts on: `python -m tests.synthetic` prints what held."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

from orchestrator.model.forecast import Forecast, Point
from orchestrator.model.threshold import Comparison, Limit
from orchestrator.reporting.foresight import HORIZON, foresee

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
CRIT = Limit(Comparison.AT_LEAST, 90.0)
ROUNDS = (0.0, 0.45)
"""Times of day of the two rounds, before now."""

Path = Callable[[float], float]
"""Day, now being 0 -> the level that is truly there, without noise."""


@dataclass(frozen=True)
class Kind:
    """How a level goes, and how it is seen."""

    name: str
    path: Callable[[Random, int], Path]
    """Given the days of history."""
    rising: bool = True
    """Whether it truly comes to the limit, so that silence is no virtue."""
    seen: Callable[[Random, float, float], float] = lambda random, day, level: level + random.gauss(0, 0.3)
    missing: float = 0.0


@dataclass
class Tally:
    """What forecasts of one kind were worth."""

    series: int = 0
    told: int = 0
    held: int = 0
    widths: list[float] = field(default_factory=list)
    after: int = 0
    after_held: int = 0

    @property
    def coverage(self) -> float:
        return self.held / self.told if self.told else 1.0


def line(random: Random, days: int) -> Path:
    """Reaches 90 some 3 to 150 days from now."""
    rest = random.uniform(3, min(150, 2.5 * days))
    slope = random.uniform(15, 60) / (days + rest)
    return lambda day: 90 - slope * (rest - day)


def working_days(random: Random, days: int) -> Path:
    """Grows five days of seven."""
    whole, offset = line(random, days), random.randrange(7)
    slope = whole(1) - whole(0)

    def worked(day: float) -> float:
        weeks, rest = divmod(day + offset, 7)
        return 5 * weeks + min(rest, 5)

    return lambda day: whole(0) + slope * 7 / 5 * (worked(day) - worked(0))


def walk(spread: float) -> Callable[[Random, int], Path]:
    """Grows by chance: each day's growth is drawn anew, `spread` its deviation in mean growths."""

    def path(random: Random, days: int) -> Path:
        whole = line(random, days)
        slope = whole(1) - whole(0)
        shape = 1 / spread**2
        steps = [random.gammavariate(shape, slope / shape) for _ in range(days + 3 * HORIZON)]
        levels = [0.0]
        for step in steps:
            levels.append(levels[-1] + step)

        def at(day: float) -> float:
            place = day + days
            below = int(place)
            return levels[below] + (place - below) * steps[below]

        return lambda day: whole(0) + at(day) - at(0.0)

    return path


def bend(random: Random, days: int) -> Path:
    """Flat, and for some days steep."""
    since = random.uniform(4.5, days / 2)
    now, rest = random.uniform(60, 85), random.uniform(2, 2.5 * since)
    slope = (90 - now) / rest
    return lambda day: now + slope * max(day, -since)


def flat(random: Random, days: int) -> Path:
    level = random.uniform(30, 85)
    return lambda day: level


def step(random: Random, days: int) -> Path:
    """One jump up, and all is still."""
    level, height, when = random.uniform(30, 60), random.uniform(5, 25), -random.uniform(0.5, days)
    return lambda day: level + (height if day >= when else 0)


def saw_tooth(random: Random, days: int) -> Path:
    """Logs that are rotated; the level never comes to 90."""
    period, phase = random.choice((3.0, 7.0, 14.0)), random.uniform(0, 14)
    floor, height = random.uniform(30, 60), random.uniform(8, 25)
    return lambda day: floor + height * ((day + phase) % period) / period


def falling(random: Random, days: int) -> Path:
    level, slope = random.uniform(60, 85), random.uniform(0.05, 0.5)
    return lambda day: level - slope * day


def _noisy(deviation: float) -> Callable[[Random, float, float], float]:
    return lambda random, day, level: level + random.gauss(0, deviation)


def _whole(random: Random, day: float, level: float) -> float:
    return float(round(level))


def _wild(random: Random, day: float, level: float) -> float:
    wild = random.uniform(-20, 20) if random.random() < 0.08 else random.gauss(0, 0.3)
    return level + wild


def _weekly(random: Random, day: float, level: float) -> float:
    return level + (1.5 if day % 7 < 2 else -0.6) + random.gauss(0, 0.3)


def _daily(random: Random, day: float, level: float) -> float:
    return level + (1.0 if 0.2 < -day % 1 < 0.8 else -1.0) + random.gauss(0, 0.3)


KINDS = (
    Kind("line, little noise", line),
    Kind("line, much noise", line, seen=_noisy(2.0)),
    Kind("line, whole percents", line, seen=_whole),
    Kind("line, wild values", line, seen=_wild),
    Kind("line, every third round missing", line, missing=0.33),
    Kind("line, morning and evening differ", line, seen=_daily),
    Kind("line, weekends differ", line, seen=_weekly),
    Kind("grows on working days", working_days),
    Kind("grows by chance, steadily", walk(0.7)),
    Kind("grows by chance, in bursts", walk(2.0)),
    Kind("flat, then steep", bend),
    Kind("flat", flat, rising=False),
    Kind("flat, much noise", flat, rising=False, seen=_noisy(2.0)),
    Kind("flat, weekends differ", flat, rising=False, seen=_weekly),
    Kind(
        "flat, whole percents",
        flat,
        rising=False,
        seen=lambda random, day, level: float(round(level + random.gauss(0, 0.3))),
    ),
    Kind("one step", step, rising=False),
    Kind("saw-tooth of rotated logs", saw_tooth, rising=False),
    Kind("falling", falling, rising=False),
)


def try_out(kind: Kind, count: int, seed: int = 1) -> Tally:
    """Forecast `count` series of a kind, and look whether what was told came true."""
    tally = Tally()
    for number in range(count):
        random = Random(f"{kind.name} {seed} {number}")
        days = random.choice((7, 10, 14, 21, 30, 45, 60, 90))
        path = kind.path(random, days)
        points = _seen(kind, path, random, days)
        if not points or points[-1].value >= 90:
            continue
        _judge(tally, foresee(points, CRIT, NOW), path)
    return tally


def _seen(kind: Kind, path: Path, random: Random, days: int) -> list[Point]:
    times = sorted(-(day + of_day) for day in range(days) for of_day in ROUNDS)
    return [
        Point(NOW + timedelta(days=day), kind.seen(random, day, path(day)))
        for day in times
        if day == 0 or random.random() >= kind.missing
    ]


def _judge(tally: Tally, forecast: Forecast, path: Path) -> None:
    tally.series += 1
    for ahead, low, high in forecast.after_days:
        tally.after += 1
        tally.after_held += low <= path(ahead) <= high
    if forecast.earliest is None:
        return
    tally.told += 1
    crossing = _crossing(path)
    first = (forecast.earliest - NOW) / timedelta(days=1)
    last = float("inf") if forecast.latest is None else (forecast.latest - NOW) / timedelta(days=1)
    # It is asked twice a day, so no one can know it to the hour.
    tally.held += first - 0.5 <= crossing <= last + 0.5
    tally.widths.append((last - first) / max(first, 1.0))


def _crossing(path: Path) -> float:
    """The day on which the true level comes to the limit; infinite for never within twice the horizon."""
    for tenth in range(20 * HORIZON):
        if path(tenth / 10) >= 90:
            return tenth / 10
    return float("inf")


def table(count: int) -> Sequence[str]:
    rows = [
        "| series | tried | told a time | held | median width | values held |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        tally = try_out(kind, count)
        wide = f"{median(tally.widths):.2f}" if tally.widths else "–"
        held = f"{tally.coverage:.1%}" if tally.told else "–"
        after = f"{tally.after_held / tally.after:.1%}" if tally.after else "–"
        rows.append(f"| {kind.name} | {tally.series} | {tally.told} | {held} | {wide} | {after} |")
    return rows


if __name__ == "__main__":
    print("\n".join(table(int(sys.argv[1]) if len(sys.argv) > 1 else 400)))
