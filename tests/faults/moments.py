"""Objects that are set back to what they were, so that what many runs begin with is prepared once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.faults.world import World

_UNCHANGING = (
    *(str, bytes, int, float, type(None), date, timedelta, tzinfo, Decimal, Enum, type, ModuleType),
    *(BuiltinFunctionType, type(threading.Lock()), type(threading.RLock()), threading.local),
)


class Moment:
    """What objects hold at a moment, and all that can be reached from them.

    What is `shared`, and what can be reached through it alone, stays as it is. A part that an object made since then is
    dropped, so that a lazy property makes it again. An iterator cannot be set back and is refused.
    """

    def __init__(self, *roots: object, shared: Sequence[object] = ()) -> None:
        self._steps: list[Callable[[], object]] = []
        self._dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._seen: dict[int, object] = {id(each): each for each in shared}
        left: list[object] = list(roots)
        while left:
            left += self._keep(left.pop())

    def restore(self) -> None:
        """Set everything back; it can be done again and again."""
        for each, before in self._dicts:  # thousands: a call for each of them would take most of the time
            each.clear()
            each.update(before)
        for step in self._steps:
            step()

    def _keep(self, thing: Any) -> Iterable[object]:
        """Remember what one object holds; answers what can be reached from it."""
        if isinstance(thing, _UNCHANGING) or id(thing) in self._seen:
            return ()
        self._seen[id(thing)] = thing  # kept, so that no other object gets its id
        match thing:
            case dict():
                self._dicts.append((thing, dict(thing)))
                return [*thing.keys(), *thing.values()]
            case list() | deque():
                self._steps.append(partial(_refill_list, thing, list(thing)))
                return list(thing)
            case set():
                self._steps.append(partial(_refill_set, thing, frozenset(thing)))
                return list(thing)
            case tuple() | frozenset():
                return thing
            case FunctionType():
                return [*(thing.__closure__ or ()), *(thing.__defaults__ or ())]
            case MethodType():
                return [thing.__self__]
            case partial():
                return [thing.func, *thing.args, *thing.keywords.values()]
            case CellType():
                self._steps.append(partial(setattr, thing, "cell_contents", thing.cell_contents))
                return [thing.cell_contents]
            case Iterator():
                raise TypeError(f"{thing!r} cannot be set back")
        return self._keep_attributes(thing)

    def _keep_attributes(self, thing: Any) -> list[object]:
        values: list[object] = []
        if hasattr(thing, "__dict__"):
            self._dicts.append((vars(thing), dict(vars(thing))))
            values += vars(thing).values()
        slots = (name for kind in type(thing).__mro__ for name in vars(kind).get("__slots__", ()))
        for name in slots:
            if hasattr(thing, name):
                self._steps.append(partial(object.__setattr__, thing, name, getattr(thing, name)))
                values.append(getattr(thing, name))
        return values


def _refill_list(container: Any, before: list[Any]) -> None:
    container.clear()
    container.extend(before)


def _refill_set(container: set[Any], before: frozenset[Any]) -> None:
    container.clear()
    container.update(before)


def contents_of(world: World) -> tuple[object, ...]:
    """All that is stored, waits or counts, to be compared: worlds with equal contents have an equal future."""
    buckets = (world.private, world.public, world.backup, world.ingested)
    return (
        world.client.backup(world.table),
        *(dict(bucket.objects) for bucket in buckets),
        world.ingested.versions("", after=None),
        set(world.cdn.cached),
        {queue: list(messages) for queue, messages in world.sqs.waiting.items() if messages},
        list(world.kms.data_keys),
        world.clock.instant,
        world.ids.number,
    )
