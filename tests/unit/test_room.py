"""Who gives a connection back when there are more hosts than file descriptors."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from orchestrator.reach.room import Room


@dataclass(eq=False)
class Visitor:
    """A guest that notes when it gave its connection back."""

    cost: int = 1
    idle: bool = True
    rests: int = field(default=0, init=False)

    async def rest(self) -> None:
        self.rests += 1


async def test_the_one_used_longest_ago_gives_way() -> None:
    room = Room(2)
    first, second, third = Visitor(), Visitor(), Visitor()
    for guest in (first, second):
        await room.enter(guest)
    room.used(first)
    await room.enter(third)
    assert (first.rests, second.rests) == (0, 1)


async def test_one_that_is_busy_holds_up_nobody_while_another_is_idle() -> None:
    room = Room(2)
    busy, idle = Visitor(idle=False), Visitor()
    for guest in (busy, idle, Visitor()):
        await room.enter(guest)
    assert (busy.rests, idle.rests) == (0, 1)


async def test_where_all_are_busy_the_first_to_become_idle_gives_way() -> None:
    room = Room(2)
    slow, quick = Visitor(idle=False), Visitor(idle=False)
    for guest in (slow, quick):
        await room.enter(guest)
    entering = asyncio.create_task(room.enter(Visitor()))
    await asyncio.sleep(0)
    assert not entering.done()
    quick.idle = True
    room.used(quick)
    await entering
    assert (slow.rests, quick.rests) == (0, 1)


async def test_one_that_comes_back_is_counted_again() -> None:
    room = Room(1)
    first, second = Visitor(), Visitor()
    for guest in (first, second, first, second):
        await room.enter(guest)
    assert (first.rests, second.rests) == (2, 1)


async def test_one_that_is_within_never_waits_for_those_who_make_room() -> None:
    room = Room(1)
    within = Visitor(idle=False)
    await room.enter(within)
    entering = asyncio.create_task(room.enter(Visitor()))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await room.enter(within)
    entering.cancel()


async def test_one_that_costs_more_needs_more_to_go() -> None:
    room = Room(3)
    small = [Visitor() for _ in range(3)]
    for guest in small:
        await room.enter(guest)
    await room.enter(Visitor(cost=2))
    assert [guest.rests for guest in small] == [1, 1, 0]


async def test_one_that_left_makes_room_without_a_word() -> None:
    room = Room(1)
    first = Visitor()
    await room.enter(first)
    room.leave(first)
    await room.enter(Visitor())
    assert first.rests == 0
