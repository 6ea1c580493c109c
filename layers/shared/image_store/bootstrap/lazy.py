"""How a part is made: once, and when it is first asked for."""

from functools import cached_property
from threading import RLock
from typing import Any, Self, overload

_making = RLock()


class lazy_property[Part](cached_property[Part]):  # noqa: N801 - it stands where cached_property would
    """A part that one thread makes at its first use, while others wait: boto3 makes no clients in parallel."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Part: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | Part:
        with _making:
            return super().__get__(instance, owner)
