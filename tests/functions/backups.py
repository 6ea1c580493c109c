"""A deployment with a backup store, whose stream is consumed and whose steps are done when a test says so."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from image_store.services.backup.library import BackupLibrary
from tests.fakes.dynamodb import all_items
from tests.fakes.stream import Streaming
from tests.functions.deployment import QUEUES, Context, Deployment, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.backup.lines import BackupLine
    from image_store.domain.backup.manifest import Manifest
    from image_store.domain.work import Work

RUN_TIME = Context(remaining=timedelta(minutes=15))


class BackedUp:
    """The deployment, and what its backup holds."""

    def __init__(self, deployed: Callable[..., Deployment], **environment: str) -> None:
        self.store = deployed(
            BACKUPS="true", BACKUP_STORE="backup", BACKUP_QUEUE_URL=f"{QUEUES}/BackupQueue", **environment
        )
        self.stream = Streaming(self.store.client, at=self.store.set_clock.instant.timestamp())
        self.store.client = self.stream
        self.bucket = self.store.backup_bucket
        self.library = BackupLibrary(store=self.bucket, stack="image-store")

    def follow(self) -> None:
        """Let the function behind the stream have what has changed."""
        if self.stream.told:
            assert self.store.invoke("project", {"Records": self.stream.told}) == {"batchItemFailures": []}
            self.stream.told.clear()

    def on_schedule(self, context: Context = RUN_TIME) -> dict[str, Any]:
        """Let the schedule start a run, a minute later and with all steps that follow; its report."""
        self.follow()
        self.store.set_clock.instant += timedelta(minutes=1)
        self.store.invoke("backup", event("backup/schedule"), context=context)
        self.work_off(context)
        return self.reports()[0]

    def begin(self, name: str = "admin/backup-begin") -> dict[str, Any]:
        """Begin a run as an admin, and do all its steps; its report."""
        self.follow()
        self.store.set_clock.instant += timedelta(minutes=1)
        begun = self.store.answer_to(name)
        assert begun.status == 202
        self.work_off()
        return next(report for report in self.reports() if report["id"] == begun.json["id"])

    def work_off(self, context: Context = RUN_TIME) -> None:
        """Do all steps that wait."""
        while self.store.to_back_up.waiting:
            self.step(self.store.to_back_up.waiting.pop(0), context)

    def step(self, work: Work, context: Context = RUN_TIME) -> None:
        """Do one step."""
        sent = event("backup/step")
        sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        assert self.store.invoke("backup", sent, context=context) == {"batchItemFailures": []}

    def reports(self) -> list[dict[str, Any]]:
        """The last runs as their route answers."""
        reports: list[dict[str, Any]] = self.store.answer_to("admin/backups").json["items"]
        return reports

    @property
    def manifest(self) -> Manifest:
        """The last manifest."""
        return self.library.latest()

    def lines(self) -> dict[str, BackupLine]:
        """What the last manifest says of each entity."""
        return {line.entity: line for line in self.library.newest_lines(self.manifest)}

    def copies(self) -> dict[str, bytes]:
        """The originals in the backup, by their keys in the private bucket."""
        return {
            self.library.original_key(key): file.data
            for key, file in self.bucket.objects.items()
            if key.startswith(self.library.object_key(""))
        }

    def originals(self) -> dict[str, bytes]:
        """The originals in the private bucket."""
        return {
            key: file.data
            for key, file in self.store.private_bucket.objects.items()
            if key.rpartition("/")[2].startswith("original.")
        }

    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of images in the table, by image and sort key."""
        rows: dict[str, dict[str, Any]] = {}
        for item in all_items(self.store.client, self.store.table):
            if item["pk"]["S"].startswith("IMAGE#"):
                name = f"image:{item['pk']['S'].removeprefix('IMAGE#')}"
                rows.setdefault(name, {})[item["sk"]["S"]] = item
        return rows
