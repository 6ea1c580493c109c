"""Properties whose value is created once, at the first use."""

from functools import cached_property
from threading import RLock
from typing import Any, Self, overload

_lock = RLock()


class lazy_property[Part](cached_property[Part]):  # noqa: N801 - it is used like cached_property
    """A cached property for threads: the first creates the value, because boto3 cannot create clients in parallel."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Part: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | Part:
        with _lock:
            return super().__get__(instance, owner)
