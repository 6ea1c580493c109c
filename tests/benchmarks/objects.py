"""Many small objects at a store that is some way off: what is left of their parallelism."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from math import ceil

from image_store.bootstrap import Application
from image_store.services.images.write_protocol import PARALLEL_PUTS
from tests.benchmarks.measurement import Measurement, compare, cpu_ms
from tests.benchmarks.near import near_application
from tests.benchmarks.s3_server import LocalS3

_OBJECTS = 100
_OBJECT_BYTES = 2_000
_LATENCY_MS = 20
_PAIRS = 15

_Put = Callable[[], None]


def measure() -> Iterator[Measurement]:
    """Put 100 objects as the write protocol puts those of an image: a pool of PARALLEL_PUTS threads.

    The ideal is the same pool whose puts do nothing but wait for the latency, ceil(100 / PARALLEL_PUTS) times one
    after the other: neither client nor server needs any time of their own. Server and client share the machine, so
    what the server computes counts against us.
    """
    data = os.urandom(_OBJECT_BYTES)
    numbers = count()
    with LocalS3(latency_ms=_LATENCY_MS) as server:
        application = near_application(server.endpoint)

        def put(number: int) -> None:
            application.ports.private.put(
                f"images/upload/2025/11/{number}/thumb.jpg",
                data,
                content_type="image/jpeg",
                cache_control="private",
                metadata={},
            )

        def ours() -> float:
            return _wall_ms(application, [partial(put, next(numbers)) for _ in range(_OBJECTS)])

        def ideal() -> float:
            return _wall_ms(application, [partial(time.sleep, _LATENCY_MS / 1000)] * _OBJECTS)

        compared = compare(ours, ideal, pairs=_PAIRS)
        cpu_per_put_ms = cpu_ms(ours) / _OBJECTS
    waits = ceil(_OBJECTS / PARALLEL_PUTS)
    detail = (
        f"{compared.ours_ms:.0f} ms for {waits} waits of {_LATENCY_MS} ms, {PARALLEL_PUTS} at once; "
        f"{cpu_per_put_ms:.1f} ms CPU each"
    )
    yield Measurement("objects100_vs_ideal", compared.ratio, "× ideal", 1.5, detail)


def _wall_ms(application: Application, puts: Sequence[_Put]) -> float:
    until = application.clock.now() + timedelta(minutes=1)
    started = time.perf_counter()
    application.images.write_protocol.put(puts, until=until)
    return (time.perf_counter() - started) * 1000
