"""What the store adds to a provider's answer, against what it takes to upload the same picture.

Services and adapters are the real ones, down to sockets; the provider answers at once, from memory. An image that was
generated is leased, kept, stored and settled, where an upload is only stored: the ratio is what that costs.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from image_store.domain.attributes import Attributes
from image_store.domain.budget import Budgets
from image_store.domain.generation import ItemState, Preference, Wish
from image_store.domain.image import Kind
from image_store.domain.providers import GeneratedImage, ImageRequest, Provider, ProviderKey, Unit
from image_store.domain.work import GenerateImage
from image_store.ports.generation import ImageProvider
from image_store.services.generation.choice import Choice
from image_store.services.generation.requests import Asked, Variations
from tests.benchmarks.answers import answered, intercept
from tests.benchmarks.functions import TABLE, Functions
from tests.benchmarks.measurement import Measurement, compare, cpu_ms
from tests.benchmarks.memory_table import MemoryTable
from tests.benchmarks.sample import OWNER, http_event
from tests.fakes.queues import MemoryWorkQueue
from tests.pictures import jpeg

PAIRS = 15
BAR = 1.5
MOST_CALLS = 14
_FUNCTION_TIME = timedelta(minutes=5)


class _Instant(ImageProvider):
    """Answers at once, with the picture it holds."""

    picture = b""

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        return GeneratedImage(data=self.picture, usage={Unit.IMAGE: 1}, params={"model": request.model})


class Worker:
    """The functions of the store, on a table and a bucket of their own, and the worker that makes images."""

    def __init__(self) -> None:
        self.table = MemoryTable(TABLE)
        self.functions = Functions(table=self.table.stand_in, objects=_accept_all)
        self._provider, self._queue = _Instant(), MemoryWorkQueue()
        application = self.functions.application
        parts: dict[str, Any] = {
            "choice": Choice(order=(Provider.POLLINATIONS,), budgets=Budgets()),
            "work": self._queue,
        }
        self._requests = replace(application.generation_requests, **parts)
        self._run = replace(
            application.generation_run,
            **parts,
            providers={Provider.POLLINATIONS: self._provider},
            deployment_key=lambda _: ProviderKey("example"),
            report=lambda _: None,
        )

    def ask(self) -> GenerateImage:
        """Begin a job of one image, which is made when its work is done."""
        wish = Wish(prompt="A harbour at dawn", attributes=Attributes(kind=Kind.GENERATED))
        wanted = (Variations(wish, 1),)
        asked = Asked(owner=OWNER, wanted=wanted, preference=Preference(), join=False, idempotency=None)
        self._requests.begin(asked)
        work = self._queue.waiting.pop()
        assert isinstance(work, GenerateImage)
        return work

    def make(self, work: GenerateImage, picture: bytes) -> None:
        """Do the work; the provider answers with this picture."""
        self._provider.picture = picture
        application = self.functions.application
        self._run.carry_on(work, until=application.clock.now() + _FUNCTION_TIME)

    def cpu_ms(self, work: Callable[[], None]) -> float:
        """The CPU time of work, without that of what stands in for the table."""
        own_seconds = self.table.own_seconds
        spent_ms = cpu_ms(work)
        return spent_ms - (self.table.own_seconds - own_seconds) * 1000

    def calls_of_one(self, picture: bytes) -> int:
        """How many calls of AWS and R2 it takes to make an image of a picture."""
        work = self.ask()
        before = len(self.functions.calls)
        self.make(work, picture)
        return len(self.functions.calls) - before

    def check(self, work: GenerateImage) -> None:
        """Raise RuntimeError unless the image was made."""
        found = self.functions.application.generations.item(work.job_id, work.index)
        if found is None or found[1].state is not ItemState.SUCCEEDED:
            raise RuntimeError(f"The image was not made: {found}")

    def upload(self, picture: bytes) -> None:
        """Store a picture as a client does."""
        event = http_event("POST", "/v1/images", "/v1/images")
        self.functions.upload(event, picture, content_type="image/jpeg")


def measure(_: Path) -> Iterator[Measurement]:
    """Compare making an image with uploading it."""
    worker, numbers = Worker(), count()
    photo = jpeg(1024, 1024, quality=90)

    def made() -> float:
        picture, work = _another(photo, next(numbers)), worker.ask()
        spent = worker.cpu_ms(lambda: worker.make(work, picture))
        worker.check(work)
        return spent

    def uploaded() -> float:
        picture = _another(photo, next(numbers))
        return worker.cpu_ms(lambda: worker.upload(picture))

    compared = compare(made, uploaded, pairs=PAIRS)
    calls = worker.calls_of_one(_another(photo, next(numbers)))
    detail = (
        f"{compared.ours_ms:.0f} ms of CPU and {calls} calls beside the provider's answer, "
        f"{compared.theirs_ms:.0f} ms for an upload of the same 1 MP JPEG ({len(photo) / 1000:.0f} kB)"
    )
    yield Measurement("generation_overhead", compared.ratio, "× upload", BAR, detail)


def _another(photo: bytes, number: int) -> bytes:
    """The same picture in other bytes, so that it is none that is stored already."""
    comment = struct.pack(">I", number)
    return photo[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + photo[2:]


def _accept_all(client: Any) -> list[str]:
    """Let every put and deletion of an S3 client succeed; the list of calls grows."""

    def respond(request: Any, operation: str) -> Any:
        match operation:
            case "PutObject":
                return answered(request, 200, {"etag": '"00000000000000000000000000000000"'}, b"")
            case "DeleteObject":
                return answered(request, 204, {}, b"")
            case "DeleteObjects":
                return answered(request, 200, {}, b"<DeleteResult/>")
        raise NotImplementedError(operation)

    return intercept(client, respond)
