"""How long an image takes through the OpenAI endpoint beyond the time of its provider, warm, on the local stack."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openai

from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement
from tests.e2e.conftest import Stack

_WARM_UP = 3
_IMAGES = 15
_BAR = 0.5


def measure(_: Path) -> Iterator[Measurement]:
    """Generate images one after the other."""
    with tempfile.TemporaryDirectory() as scratch:
        state = Path(scratch) / "state"
        state.mkdir()
        stack = Stack(port=any_free_port(), state=state)
        stack.start()
        try:
            yield _measured(stack)
        finally:
            stack.stop()


def _measured(stack: Stack) -> Measurement:
    key = stack.token("painter")
    with (
        openai.OpenAI(base_url=stack.described["openai_url"], api_key=key) as client,
        stack.http("painter") as api,
    ):

        def overhead_s(prompt: str) -> float:
            started = time.monotonic()
            answer = client.images.with_raw_response.generate(
                model="pollinations/flux", prompt=prompt, response_format="b64_json"
            )
            took = time.monotonic() - started
            job = api.get(f"/v1/generations/{answer.headers['x-image-store-job-id']}").json()
            return took - float(job["items"][0]["duration_ms"]) / 1000

        for number in range(_WARM_UP):
            overhead_s(f"Fox {number} before")
        overheads = [overhead_s(f"Fox {number}") for number in range(_IMAGES)]
    detail = f"{min(overheads):.2f} to {max(overheads):.2f} s of {_IMAGES} images"
    return Measurement("openai_overhead_s", statistics.median(overheads), "s", _BAR, detail)
