"""What the store adds to a provider's answer, against what it takes to upload the same picture.

Services and adapters are the real ones, down to sockets; the provider answers at once, from memory. An image that was
generated is leased, kept, stored and settled, where an upload is only stored: the ratio is what that costs.
"""

import json
import statistics
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from botocore import xform_name

from image_store.adapters.sqs import SqsWorkQueue
from image_store.bootstrap import assemble
from image_store.domain.generation.jobs import JobItemState
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
    Reason,
    Unit,
)
from image_store.domain.generation.requests import (
    GenerationRequest,
    JobRequest,
    ModelPreference,
    VariationSet,
)
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind
from image_store.domain.work import GenerateImage
from image_store.entrypoints.work import work_of
from image_store.ports.generation import ImageProvider
from tests.benchmarks.answers import answer_with, answered, intercept
from tests.benchmarks.functions import TABLE, Functions, aws_client
from tests.benchmarks.measurement import Measurement, compare, cpu_ms
from tests.benchmarks.memory_table import MemoryTable
from tests.benchmarks.sample import OWNER, http_event
from tests.fakes.sqs_client import MemorySqs
from tests.pictures import jpeg

PAIRS = 15
BAR = 1.5
MOST_CALLS = 13
MOST_CALLS_TO_ASK = 7
MOST_CALLS_TO_RETRY = 9
_FUNCTION_TIME = timedelta(minutes=5)
_QUEUE = "https://sqs.eu-west-1.amazonaws.com/000000000000/generation"
_WORKERS = 3
"""As GenerationConcurrency is by default."""
_IMAGES, _RUNS = 12, 3
_PROVIDER_SECONDS = 2.0
"""Of a quick model; what is ours weighs less the slower they are."""
_LATENCY_SECONDS = {"dynamodb": 0.01, "sqs": 0.01, "r2": 0.05}
"""Of one call, from a function: AWS is next door, R2 is across the internet."""


class _Provider(ImageProvider):
    """Answers after a time, 0 by default, with the picture it holds."""

    def __init__(self) -> None:
        self.picture: Callable[[], bytes] = bytes
        self.seconds = 0.0

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        time.sleep(self.seconds)
        return ProviderPicture(data=self.picture(), usage={Unit.IMAGE: 1}, params={"model": request.model})


class Worker:
    """The functions of the store, on a table, a bucket and a queue of their own, and the worker that makes images.

    Each call of the table, the bucket and the queue takes as long as `latency_seconds` says of its service.
    """

    def __init__(self, latency_seconds: Mapping[str, float] | None = None) -> None:
        self._latency = latency_seconds or {}
        self.table = MemoryTable(TABLE)
        self.functions = Functions(table=self._table, objects=self._objects)
        self._provider, self._sqs = _Provider(), MemorySqs()
        client = aws_client("sqs")
        self._sent = answer_with(client, self._queue)
        application = self.functions.application
        ports, settings = application.ports, application.settings
        ports.generation_queue = SqsWorkQueue(_QUEUE, client=lambda: client)
        ports.image_providers = {Provider.POLLINATIONS: self._provider}
        ports.deployment_key = lambda _: ProviderKey("example")
        ports.report_call = lambda _: None
        generation = replace(settings.generation, providers=(Provider.POLLINATIONS,))
        services = assemble(ports, replace(settings, generation=generation)).generation
        self._requests, self._run = services.jobs, services.worker

    @property
    def calls(self) -> list[str]:
        """Every operation of AWS and R2 so far, by service."""
        return [*self.functions.calls, *self._sent]

    def _wait(self, service: str) -> None:
        time.sleep(self._latency.get(service, 0))

    def _table(self, client: Any) -> list[str]:
        return self.table.stand_in(client, before=lambda: self._wait("dynamodb"))

    def _queue(self, operation: str, body: bytes) -> bytes:
        self._wait("sqs")
        return json.dumps(getattr(self._sqs, xform_name(operation))(**json.loads(body))).encode()

    def _objects(self, client: Any) -> list[str]:
        """Let every put and deletion of an S3 client succeed; the list of calls grows."""

        def respond(request: Any, operation: str) -> Any:
            self._wait("r2")
            match operation:
                case "PutObject":
                    return answered(request, 200, {"etag": '"00000000000000000000000000000000"'}, b"")
                case "DeleteObject":
                    return answered(request, 204, {}, b"")
                case "DeleteObjects":
                    return answered(request, 200, {}, b"<DeleteResult/>")
                case "ListObjectsV2":
                    return answered(request, 200, {}, b"<ListBucketResult/>")
            raise NotImplementedError(operation)

        return intercept(client, respond)

    def ask(self, images: int = 1) -> list[GenerateImage]:
        """Begin a job of so many images, which are made when its works are done."""
        request = GenerationRequest(prompt="A harbour at dawn", attributes=Attributes(kind=Kind.GENERATED))
        variation_sets = (VariationSet(request=request, count=images),)
        job_request = JobRequest(
            owner=OWNER,
            variation_sets=variation_sets,
            preference=ModelPreference(),
            join=None,
            idempotency=None,
        )
        self._requests.begin(job_request)
        return self.received()

    def received(self) -> list[GenerateImage]:
        """What waits in the queue, which is empty afterwards."""
        waiting, self._sqs.waiting[_QUEUE] = self._sqs.waiting[_QUEUE], []
        works = [work_of(message["body"]) for message in waiting]
        return [work for work in works if isinstance(work, GenerateImage)]

    def make(self, work: GenerateImage, picture: bytes) -> None:
        """Do the work; the provider answers with this picture."""
        self._provider.picture = lambda: picture
        self._carry_on(work)

    def fail(self, work: GenerateImage) -> None:
        """Do the work; the provider refuses."""
        self._provider.picture = _refuse
        self._carry_on(work)

    def make_all(
        self, works: Sequence[GenerateImage], pictures: Callable[[], bytes], *, workers: int, seconds: float
    ) -> float:
        """The seconds in which so many workers do all of it, where the provider takes so many for an image."""
        self._provider.picture, self._provider.seconds = pictures, seconds
        started = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self._carry_on, works))
        return time.perf_counter() - started

    def retry(self, job_id: str) -> None:
        """Try again what failed of a job."""
        self._requests.retry(OWNER, job_id)

    def _carry_on(self, work: GenerateImage) -> None:
        application = self.functions.application
        self._run.carry_on(work, until=application.clock.now() + _FUNCTION_TIME)

    def cpu_ms(self, work: Callable[[], None]) -> float:
        """The CPU time of work, without that of what stands in for the table."""
        own_seconds = self.table.own_seconds
        spent_ms = cpu_ms(work)
        return spent_ms - (self.table.own_seconds - own_seconds) * 1000

    def calls_of(self, act: Callable[[], object]) -> Counter[str]:
        """Which calls of AWS and R2 it takes to do something, by operation."""
        before = Counter(self.calls)
        act()
        return Counter(self.calls) - before

    def calls_of_one(self, picture: bytes) -> int:
        """How many calls of AWS and R2 it takes to make an image of a picture."""
        (work,) = self.ask()
        return self.calls_of(lambda: self.make(work, picture)).total()

    def check(self, work: GenerateImage) -> None:
        """Raise RuntimeError unless the image was made."""
        item = self.functions.application.ports.generations.item(work.job_id, work.index)
        if item is None or item[1].state is not JobItemState.SUCCEEDED:
            raise RuntimeError(f"The image was not made: {item}")

    def upload(self, picture: bytes) -> None:
        """Store a picture as a client does."""
        event = http_event("POST", "/v1/images", "/v1/images")
        self.functions.upload(event, picture, content_type="image/jpeg")


def measure(_: Path) -> Iterator[Measurement]:
    """Compare making an image with uploading it, and three workers with a provider that alone takes time."""
    yield from _overhead()
    yield from _throughput()


def _overhead() -> Iterator[Measurement]:
    worker, numbers = Worker(), count()
    photo = jpeg(1024, 1024, quality=90)

    def generate_picture() -> float:
        picture, (work,) = _another(photo, next(numbers)), worker.ask()
        spent = worker.cpu_ms(lambda: worker.make(work, picture))
        worker.check(work)
        return spent

    def upload_picture() -> float:
        picture = _another(photo, next(numbers))
        return worker.cpu_ms(lambda: worker.upload(picture))

    compared = compare(generate_picture, upload_picture, pairs=PAIRS)
    calls = worker.calls_of_one(_another(photo, next(numbers)))
    detail = (
        f"{compared.ours_ms:.0f} ms of CPU and {calls} calls beside the provider's answer, "
        f"{compared.theirs_ms:.0f} ms for an upload of the same 1 MP JPEG ({len(photo) / 1000:.0f} kB)"
    )
    yield Measurement("generation_overhead", compared.ratio, "× upload", BAR, detail)


def _throughput() -> Iterator[Measurement]:
    """Three workers as in Lambda: each takes the next image when it has done one, and is some way off its services.

    The ideal is what the provider alone takes, with all three always at it.
    """
    worker, numbers, photo = Worker(_LATENCY_SECONDS), count(), jpeg(1024, 1024, quality=90)

    def pictures() -> bytes:
        return _another(photo, next(numbers))

    worker.make_all(worker.ask(_WORKERS), pictures, workers=_WORKERS, seconds=0)  # warms up
    ratios, walls = [], []
    ideal = _IMAGES / _WORKERS * _PROVIDER_SECONDS
    for _ in range(_RUNS):
        works = worker.ask(_IMAGES)
        walls.append(worker.make_all(works, pictures, workers=_WORKERS, seconds=_PROVIDER_SECONDS))
        for work in works:
            worker.check(work)
        ratios.append(walls[-1] / ideal)
    detail = (
        f"{statistics.median(walls):.1f} s for {_IMAGES} images of {_PROVIDER_SECONDS:g} s by {_WORKERS} workers, "
        f"{ideal:.1f} s are the provider's"
    )
    yield Measurement("generation_throughput_vs_ideal", statistics.median(ratios), "× ideal", 1.25, detail)


def _refuse() -> bytes:
    raise ProviderFailure(Reason.REFUSED, "Not this one.")


def _another(photo: bytes, number: int) -> bytes:
    """The same picture in other bytes, so that it is none that is stored already."""
    comment = struct.pack(">I", number)
    return photo[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + photo[2:]
