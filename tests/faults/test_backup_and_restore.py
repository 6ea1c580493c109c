"""Backup and restore after any history: what was lost comes back as it was, and what is there stays as it is (F8).

A store lives through a history of `test_any_history.py`, in which it is also backed up, paints pictures, and has API
keys, provider keys, upload tokens and shares. Some images expire, and some have sealed texts. Then it is backed up as a
whole, loses something or nothing, lives on for a while, and is restored: into an empty store, or into one that is in
use. `make soak` lets it run for longer.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, rule

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.backup.rows import SCANNED_PREFIXES
from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import ImageStoreError
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.domain.images.image import State, Visibility
from image_store.domain.upkeep.recovery import RecoveryKind, RecoveryOptions, RecoveryStatus
from tests.fakes.dynamodb import all_items
from tests.fakes.stream import Streaming
from tests.fakes.trashed_rows import without_end
from tests.faults.operations import keys as api_keys
from tests.faults.operations import shares, upload_tokens
from tests.faults.painting import Painting
from tests.faults.roles import runs_as
from tests.faults.test_any_history import EXAMPLES, History, Told, let_run
from tests.faults.test_backup import A_WEEK, back_up, back_up_until_done
from tests.faults.test_recovery import files_of, lose_everything, lose_private_bucket, lose_table, recover
from tests.faults.test_sealed import SENSITIVE
from tests.faults.world import PAST_RESERVATION, PAST_STAGING

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.callers.upload_tokens import UploadToken
    from tests.faults.operations.keys import Issued
    from tests.faults.world import World

FOLLOW = ("IMAGE#", "HASH#", "GROUP#", "PUBLIC#", "PUBLICATION#")
ACCESS = ("KEY#", "KEYS", "SHARE#", "SHARES#", "PROVIDERKEYS#")
SHORT_LIVED_ACCESS = "UPLOADTOKEN#"
"""In no backup: upload tokens end within a day."""
IDEMPOTENCY = "IDEMPOTENCY#"
SHORT_LIVED = timedelta(days=3).total_seconds()
NO_TIME = timedelta(0)
LIFETIMES = (timedelta(days=1), timedelta(days=14), timedelta(days=365))
"""Of images that expire: mostly before the last backup, after it, and never within a history."""
NEVER = datetime.max.replace(tzinfo=UTC)
LATER = timedelta(days=8)
SETTLING = PAST_RESERVATION + TOMBSTONE_GRACE + PAST_STAGING + timedelta(hours=1)

LOSSES: dict[str, Callable[[World], None]] = {
    "nothing": lambda _: None,
    "the table": lose_table,
    "the private bucket": lose_private_bucket,
    "everything": lose_everything,
}

type Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Ending:
    """What is lost, what happens before the restore, and what is requested of it."""

    loss: str
    acts: list[tuple[str, int]]
    wait: timedelta
    access: bool
    ended: bool


class Recovered(History):
    """A store that is backed up from time to time, and restored at the end of its history."""

    issued_keys = Bundle("issued_keys")

    tokens = Bundle("tokens")

    ending: Ending
    stream: Streaming

    def __init__(self) -> None:
        super().__init__()
        self.painting = Painting(self.world)
        self.expiries: dict[str, datetime] = {}
        """When images expire, unless they have been in the trash meanwhile."""

    def new_client(self) -> Any:
        self.stream = Streaming(super().new_client(), at=0)
        return self.stream

    @initialize(
        loss=st.sampled_from(sorted(LOSSES)),
        acts=st.lists(
            st.tuples(
                st.sampled_from(["upload", "show", "hide", "trash", "restore", "delete", "share", "wait"]),
                st.integers(0, 20),
            ),
            max_size=5,
        ),
        wait=st.sampled_from([NO_TIME, LATER]),
        access=st.booleans(),
        ended=st.booleans(),
    )
    def choose(
        self, loss: str, acts: list[tuple[str, int]], wait: timedelta, access: bool, ended: bool
    ) -> None:
        self.ending = Ending(loss, acts, wait, access, ended)

    # More that happens in a history -------------------------------------------------------------------

    @rule(disturbance=History.disturbance, skew=History.skew)
    def back_up(self, disturbance: Any, skew: timedelta) -> None:
        run = lambda: back_up(self.world)  # noqa: E731 - done here, and by a twin
        self._attempt(run, disturbance, skew, run)

    @rule()
    def follow(self) -> None:
        """Let the consumer of the stream see what has changed."""
        records = self.stream.told[:]
        self.stream.told.clear()
        for record in records:
            note(self.world, record)
        image_ids = {keys.image_of_record(record["dynamodb"]["Keys"]) for record in records}
        for image_id in sorted(filter(None, image_ids)):
            self.world.project(image_id)

    @rule(target=issued_keys)
    def issue_key(self) -> Issued:
        return api_keys.create(self.world)

    @rule(issued=issued_keys, is_revoked=st.booleans())
    def change_key(self, issued: Issued, is_revoked: bool) -> None:
        with suppress(ImageStoreError):  # it has been revoked
            (api_keys.revoke if is_revoked else api_keys.rename)(self.world, issued)

    @rule(is_deleted=st.booleans())
    def keep_provider_key(self, is_deleted: bool) -> None:
        keep_provider_key(self.world, is_deleted=is_deleted)

    @rule(target=tokens)
    def allow_uploads(self) -> UploadToken:
        return upload_tokens.token(self.world)

    @rule(target=History.images, token=tokens, disturbance=History.disturbance, skew=History.skew)
    def upload_with_a_token(self, token: UploadToken, disturbance: Any, skew: timedelta) -> Any:
        upload = lambda: upload_tokens.upload(self.world, token)  # noqa: E731 - as above
        return self._stored(self._attempt(upload, disturbance, skew, upload))

    @rule(
        target=History.images,
        visibility=History.shown,
        lifetime=st.sampled_from(LIFETIMES),
        disturbance=History.disturbance,
    )
    def upload_for_a_while(self, visibility: Visibility, lifetime: timedelta, disturbance: Any) -> Any:
        expires_at = self.world.clock.now() + lifetime
        upload = lambda: self.world.upload(visibility, expires_at=expires_at)  # noqa: E731 - as above
        image = self._attempt(upload, disturbance, NO_TIME, upload)
        if image is not None:
            self.expiries[image.record.id] = expires_at
        return self._stored(image)

    @rule(
        target=History.images,
        visibility=History.shown,
        disturbance=History.disturbance,
        skew=History.skew,
    )
    def upload_sealed(self, visibility: Visibility, disturbance: Any, skew: timedelta) -> Any:
        upload = lambda: self.world.upload(visibility, attributes=SENSITIVE)  # noqa: E731 - as above
        return self._stored(self._attempt(upload, disturbance, skew, upload))

    @rule(is_revoked=st.booleans())
    def share(self, is_revoked: bool) -> None:
        if is_revoked:
            shares.revoke(self.world)
        shares.create(self.world)

    @rule(disturbance=History.disturbance, skew=History.skew)
    def paint(self, disturbance: Any, skew: timedelta) -> None:
        self._attempt(self.painting.begin, None, NO_TIME, self.painting.begin)
        self._attempt(self.painting.paint, disturbance, skew, self.painting.paint)

    # The end of a history -----------------------------------------------------------------------------

    def teardown(self) -> None:
        self.world.faults.end()
        self._deliver_all()
        self.painting.end_all_jobs()
        super().teardown()
        self.follow()
        self.world.clock.instant += A_WEEK
        back_up_until_done(self.world)
        manifest = self.world.app.backup.library.latest().id
        backup_rows, files, promises = rows_of(self.world), files_of(self.world), deepcopy(self.told)
        expiries = {
            image.record.id: image.record.expires_at
            for image in self.world.records()
            if image.record.expires_at is not None
        }
        self._lose_and_live_on()
        before = rows_of(self.world)
        expired = {image_id for image_id, at in expiries.items() if at <= self.world.clock.now()}
        ended = {image_id for image_id in expired if (keys.image(image_id), keys.META) not in before}
        ended |= self._deleted_since(before)

        job = recover(
            self.world,
            RecoveryKind.RESTORE,
            RecoveryOptions(publish=True, access=self.ending.access, ended=self.ending.ended),
            manifest=manifest,
        )

        assert job is not None
        assert (job.status, job.tally.errors) == (RecoveryStatus.SUCCEEDED, ())
        self._check_rows(backup_rows, before, rows_of(self.world), ended=ended)
        if not self.ending.acts and (self.ending.ended or not ended):
            assert files_of(self.world) == files
        if self.ending.ended:
            self.told |= {image_id: promises[image_id] for image_id in ended & promises.keys()}
        self.follow()
        assert self.world.collect().stopped_because is None
        self._check_all(swept=True)
        for image in self.world.records():
            if image.details.sealed is not None:
                assert self.world.sealing.open(image).details.generation, "a sealed text came back empty"

    def _lose_and_live_on(self) -> None:
        LOSSES[self.ending.loss](self.world)
        if self.ending.loss in {"the table", "everything"}:
            self.stream.told.clear()  # a table that is gone tells nothing
        self.world.clock.instant += self.ending.wait
        for act, number in self.ending.acts:
            self._live_on(act, number)
        self.follow()  # a consumer that is an hour behind never sees a deletion; docs/recovery.md says so
        if self.ending.loss == "nothing":
            self._let_expire()
            self.world.settle()  # nothing is left of images that were deleted
            self.follow()

    def _live_on(self, act: str, number: int) -> None:
        ids = sorted(self.told)
        if act == "upload":
            self.upload(Visibility.PUBLIC, (), None, NO_TIME)
        elif act == "share":
            self.share(is_revoked=True)
        elif ids:
            image_id = ids[number % len(ids)]
            match act:
                case "show" | "hide":
                    visibility = Visibility.UNLISTED if act == "show" else Visibility.PRIVATE
                    self.show(image_id, visibility, None, NO_TIME)
                case "restore":
                    self.restore(image_id, None, NO_TIME)
                case _:
                    self.delete(image_id, act == "delete", None, NO_TIME)

    def _deleted_since(self, before: Rows) -> set[str]:
        """The images that were deleted after the backup, and of which no tombstone is left."""
        return {
            image_id
            for image_id, acknowledged in self.told.items()
            if acknowledged.states == {State.TOMBSTONE} and (keys.image(image_id), keys.META) not in before
        }

    def _check_all(self, *, swept: bool) -> None:
        self._let_expire()
        super()._check_all(swept=swept)

    def _let_expire(self) -> None:
        """Wait for images that would expire while the store settles: their tombstones would be left at its end."""
        until = self.world.clock.now() + SETTLING
        for image in sorted(self.world.records(), key=lambda image: image.record.expires_at or NEVER):
            expires_at = image.record.expires_at
            if expires_at is not None and self.world.clock.now() < expires_at <= until:
                self.world.clock.instant = expires_at
                until = expires_at + SETTLING

    def _check(self, image_id: str, acknowledged: Told) -> None:
        if image_id in self.expiries and self.expiries[image_id] <= self.world.clock.now():
            acknowledged = replace(acknowledged, states={*acknowledged.states, State.TOMBSTONE})
        super()._check(image_id, acknowledged)

    def _check_rows(self, backup_rows: Rows, before: Rows, after: Rows, *, ended: set[str]) -> None:
        """A restore has changed no row, and has brought back those that it should."""
        assert {row: after.get(row) for row in before} == before, "a restore changed what was there"
        assert after.keys() <= before.keys() | backup_rows.keys(), "a restore made up a row"
        now = self.world.clock.now().timestamp()
        for row, item in backup_rows.items():
            if row in before or (row[0].startswith(IDEMPOTENCY) and expires(item) <= now + SHORT_LIVED):
                continue
            image_id = image_of(row, item)
            is_of_an_existing_image = image_id is not None and (keys.image(image_id), keys.META) in before
            is_not_requested = row[0].startswith(SHORT_LIVED_ACCESS) or (
                row[0].startswith(ACCESS) and not self.ending.access
            )
            if image_id in ended and self.ending.ended:
                assert row in after
            elif is_of_an_existing_image or is_not_requested or image_id in ended or expires(item) <= now:
                assert row not in after, "a row came back that should stay away"
            else:
                assert is_as_it_was(row, item, after.get(row, {})), "a row did not come back as it was"


@runs_as("project")
def note(world: World, stream_record: dict[str, Any]) -> None:
    """Note a change for the backup, as the consumer of the stream does."""
    entity = world.app.backup.changed_entity(stream_record)
    if entity is not None:
        world.app.backup.note(entity)


@runs_as("generations")
def keep_provider_key(world: World, *, is_deleted: bool) -> None:
    """Store the owner's own key of a provider, or delete it."""
    own_keys = world.app.generation.own_keys
    if is_deleted:
        own_keys.delete(upload_tokens.CALLER, Provider.POLLINATIONS)
    else:
        own_keys.store(upload_tokens.CALLER, Provider.POLLINATIONS, ProviderKey("of the owner"))


def rows_of(world: World) -> Rows:
    """The rows that a backup holds and those that follow from them, without what names their last change.

    The time in the trash begins again, so its end does not come back; nor does what withdrawn publications leave.
    """
    return {
        (row["pk"]["S"], row["sk"]["S"]): {
            name: {kind: sorted(of) if kind == "SS" else of for kind, of in value.items()}
            for name, value in without_end(row).items()
            if name not in {"by", "copied_until", "due_at"}
        }
        for row in all_items(world.client, world.table)
        if row["pk"]["S"].startswith((*FOLLOW, *ACCESS, SHORT_LIVED_ACCESS, IDEMPOTENCY, *SCANNED_PREFIXES))
        and not (row["sk"]["S"] == keys.PUBLICATION and "due_at" in row)
    }


def is_as_it_was(row: tuple[str, str], item: dict[str, Any], restored: dict[str, Any]) -> bool:
    """Whether a row came back.

    A record has forgotten a publication that was under way, and the row of a publication does not name copies that were
    announced and never made.
    """
    if row[1] == keys.META and restored:
        return without_intent(restored) == without_intent(item)
    if row[1] != keys.PUBLICATION:
        return restored == item
    copies, announced = restored.get("keys", {"SS": []}), item.get("keys", {"SS": []})
    return (restored | {"keys": copies}) == (item | {"keys": copies}) and {*copies["SS"]} <= {
        *announced["SS"]
    }


def without_intent(item: dict[str, Any]) -> dict[str, Any]:
    """A record without the publication that was under way."""
    return item | {"record": json.loads(item["record"]["S"]) | {"intent": None}}


def image_of(row: tuple[str, str], item: dict[str, Any]) -> str | None:
    """The image that a row follows from; None for any other row."""
    pk, sk = row
    if not pk.startswith(FOLLOW):
        return None
    if pk.startswith("IMAGE#"):
        return pk.removeprefix("IMAGE#")
    image_id: str = item["image_id"]["S"] if sk in {keys.PUBLICATION, keys.GUARD} else sk
    return image_id


def expires(item: dict[str, Any]) -> float:
    """When a row expires, in seconds since 1970."""
    return int(item["ttl"]["N"]) if "ttl" in item else math.inf


def test_a_restore_brings_back_what_was_lost_and_changes_nothing_else() -> None:
    let_run(settings(max_examples=max(EXAMPLES // 4, 1), print_blob=True), Recovered, seals=True)
