"""Works off the queue of generation in a deployment in memory, as SQS hands its messages over."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.functions.deployment import Context, event

if TYPE_CHECKING:
    from tests.functions.deployment import Deployment

WORKER = Context(remaining=timedelta(seconds=300))


def work_off(store: Deployment) -> None:
    """Generate all images that wait."""
    while store.to_generate.waiting:
        store.set_clock.instant += store.to_generate.delays.pop(0)
        work = store.to_generate.waiting.pop(0)
        sent = event("generate/one-image")
        sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        assert store.invoke("generate", sent, context=WORKER) == {"batchItemFailures": []}
