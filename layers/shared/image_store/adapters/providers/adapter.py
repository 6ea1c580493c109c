"""What the adapters share: reading the picture of an answer. An adapter sends the request in the form of its provider.

The picture is searched first, so that nothing else in the answer can lose it.

A success without a picture is retried only if it states readably that no picture was made: otherwise it may have been
charged for, and another call would be charged again.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.providers.failures import failure, reason_of
from image_store.adapters.providers.links import Links
from image_store.adapters.providers.pictures import pictures_in
from image_store.adapters.providers.plain_http import Answer, PlainHttp
from image_store.domain.generation.providers import ProviderFailure, ProviderPicture, Reason, Unit
from image_store.domain.generation.usage import CountedUsage, read_usage
from image_store.ports.generation import ImageProvider
from image_store.ports.images import Fetcher
from image_store.ports.system import Clock

_PICTURE_UNITS = (Unit.IMAGE, Unit.IMAGE_OUTPUT_TOKEN)

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason that an answer gives for having no picture."""

    reason: Reason
    retry_after: timedelta | None = None
    says_none_was_made: bool = False


class ProviderAdapter(ImageProvider):
    """A provider over HTTP. Its module has the provider's name and ends with `ADAPTER = <the class>`."""

    own_address = ""
    """The provider's address; empty if its SDK knows it."""
    place: str
    """The JSON member that usually contains pictures."""

    def __init__(self, address: str | None, *, clock: Clock, fetcher: Callable[[], Fetcher]) -> None:
        """`address` takes the place of the provider's own; `fetcher` reads pictures that an answer only links to."""
        self._address = address or self.own_address
        self._clock = clock
        self._http = PlainHttp(clock)
        self._links = Links(address, http=self._http, fetcher=fetcher, clock=clock)

    def usage_of(self, answer: Answer) -> Mapping[Unit, object] | None:
        """Read the usage, unchecked; None if the answer reports none."""
        return None

    @abstractmethod
    def refusal_of(self, answer: Answer) -> Refusal | None:
        """Read the reason for having no picture; None if only the status gives one."""

    def image_in(self, answer: Answer, *, params: Mapping[str, Any], until: datetime) -> ProviderPicture:
        """Read the picture of an answer; ProviderFailure if there is none."""
        pictures = pictures_in(answer, place=self.place)
        data = pictures.data
        if data is None and pictures.links and answer.is_success:
            data = self._links.open(pictures.links, base=answer.url, until=until)
        counted = self._counted(answer)
        if data is not None:
            return ProviderPicture(
                data=data,
                usage=counted.usage,
                usage_is_readable=counted.is_readable,
                params=params,
                pictures=max(pictures.number, 1),
            )
        error = self._failed(answer, counted, leaves_traces=pictures.leaves_traces)
        error.usage, error.usage_is_readable = counted.usage, counted.is_readable
        raise error

    def _counted(self, answer: Answer) -> CountedUsage:
        try:
            return read_usage(self.usage_of(answer))
        except Exception:  # the answer may contain a picture, which must not be lost
            _log.warning("a usage could not be read")
            return CountedUsage(None, is_readable=False)

    def _failed(self, answer: Answer, counted: CountedUsage, *, leaves_traces: bool) -> ProviderFailure:
        refusal = self._refusal(answer)
        if answer.broken is not None and (refusal is None or answer.is_success):
            reason = answer.broken if answer.is_success else reason_of(answer.status)
            return failure(reason, is_paid=answer.is_success)
        reason = refusal.reason if refusal is not None else reason_of(answer.status)
        says_none = refusal is not None and refusal.says_none_was_made
        made_none = not answer.is_success or (not leaves_traces and (says_none or counted.usage is not None))
        counts_one = any((counted.usage or {}).get(unit) for unit in _PICTURE_UNITS)
        is_paid = reason is Reason.BAD_ANSWER and (counts_one or not made_none)
        return failure(reason, retry_after=refusal.retry_after if refusal else None, is_paid=is_paid)

    def _refusal(self, answer: Answer) -> Refusal | None:
        try:
            return self.refusal_of(answer)
        except Exception:  # an error may have any form, and its status is enough
            _log.warning("an error of a provider could not be read")
            return None
