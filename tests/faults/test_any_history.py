"""Any history: random operations, each perhaps failing, overlapped by another, or run by a clock that is wrong.

Objects are dropped into the ingest bucket and removed from it meanwhile; their events come late, twice, in any order
or not at all.

A plain dictionary says what owners were told. Whatever happened, what was acknowledged is there, what was taken away
is not, links of withdrawn publications show nothing, and a cleanup past every grace leaves the store sound. After
every step the feed has a row for each image that is public, and for no other.

`make soak` lets it run for longer.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from image_store.domain.errors import ImageNotFound, ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import link
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from image_store.domain.images.ingest import ANNOUNCEMENT_LIFETIME, DroppedObject
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.services.images.direct_uploads import Ticket
from image_store.services.upkeep.ingest_sweep import REST
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.faults import CONFLICTS, Faults, Killed, Mode, may_conflict
from tests.faults.soundness import (
    assert_bytes,
    assert_feed_is_current,
    assert_projections_follow,
    assert_sound,
)
from tests.faults.world import World
from tests.samples import OWNER

SKEW = timedelta(minutes=10)
EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "30"))
STEPS = 25
CONVERSATION = OwnerGroup(OWNER, "conversation:c1")

Step = Callable[[], object]


def remove_dropped(world: World, dropped: DroppedObject) -> None:
    """Take an object away, and say so as the bucket would if it were asked to."""
    world.ingested.expire(dropped)
    stored = {"key": quote_plus(dropped.key, safe="/"), "versionId": dropped.version}
    removed = {
        "eventName": "ObjectRemoved:Delete",
        "s3": {"bucket": {"name": dropped.bucket}, "object": stored},
    }
    world.sqs.send_message(QueueUrl="events", MessageBody=json.dumps({"Records": [removed]}))


class Disturbances(Faults):
    """Fails the n-th storage call from now on, or lets something else happen just before it."""

    def __init__(self) -> None:
        super().__init__()
        self._left: int | None = None
        self._meanwhile: Step | None = None

    def disturb(self, after: int | None, mode: Mode, meanwhile: Step | None) -> None:
        """Let `after` calls pass, then fail the next one or run `meanwhile` before it."""
        self.begin()
        self._left, self._mode, self._meanwhile = after, mode, meanwhile

    def end(self) -> None:
        super().end()
        self._left = self._meanwhile = None

    def call[T](self, name: str, effect: Callable[[], T], *, error: Callable[[Mode], Exception]) -> T:
        with self._lock:
            due = self._left == 0
            self._left = self._left - 1 if self._left else None
            meanwhile = self._meanwhile if due else None
            if due:
                self._meanwhile = None
                if meanwhile is None and self._fits(name):
                    self._at = f"{name}#{self._counts[name] + 1}"
        if meanwhile is not None:
            meanwhile()
        return super().call(name, effect, error=error)

    def _fits(self, name: str) -> bool:
        """Not every call can meet a transaction conflict."""
        return may_conflict(name) or self._mode not in CONFLICTS


@dataclass
class Told:
    """What the owner was told of an image, and what may be true beside it."""

    states: set[State]
    """Those that the image may be in: more than one after an answer that was lost."""
    visibilities: set[Visibility]
    withdrawn: set[str] = field(default_factory=set)
    """Publications that are surely over."""
    grouped: bool = False
    """Whether it belongs to the conversation."""

    def deleted(self, before: ImageRecord, gone: State, *, surely: bool) -> None:
        """Note that its owner asked for its deletion, and what came of that."""
        self.states = {gone} if surely else {*self.states, gone}
        if surely and before.publication:
            self.withdrawn.add(before.publication)


@dataclass
class Dropped:
    """What happened to an object in the ingest bucket, other than to become an image."""

    announced: bool
    removed: bool = False


class History(RuleBasedStateMachine):
    """One owner's dealings with a store on failing storage."""

    images = Bundle("images")
    tickets = Bundle("tickets")
    drops = Bundle("drops")

    disturbance = st.one_of(
        st.none(),
        st.tuples(st.integers(0, 8), st.sampled_from(Mode), st.sampled_from([None, None, "cleanup", "twin"])),
    )
    skew = st.sampled_from([timedelta(0), timedelta(0), SKEW, -SKEW])
    shown = st.sampled_from(Visibility)
    groups = st.sampled_from([(), (CONVERSATION.name,)])

    parts: dict[str, Any]
    """What this store is put together from instead of the real thing."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.new_client(), faults=Disturbances(), quota=Quota(1_000), **self.parts)
        self.told: dict[str, Told] = {}
        self.dropped: dict[DroppedObject, Dropped] = {}
        self.dangling = 0

    def new_client(self) -> Any:
        """The client of an empty DynamoDB."""
        return MemoryDynamo()

    # Doing --------------------------------------------------------------------------------------------

    @contextmanager
    def _disturbed(self, disturbance: Any, skew: timedelta, twin: Step) -> Iterator[None]:
        faults = self.world.faults
        assert isinstance(faults, Disturbances)
        if disturbance is not None:
            after, mode, meanwhile = disturbance
            steps: dict[str | None, Step | None] = {
                None: None,
                "cleanup": lambda: _quietly(self._collect),
                "twin": lambda: _quietly(twin),
            }
            faults.disturb(after, mode, steps[meanwhile])
        self.world.clock.instant += skew
        try:
            yield
        finally:
            self.world.clock.instant -= skew
            faults.end()

    def _attempt[T](self, act: Callable[[], T], disturbance: Any, skew: timedelta, twin: Step) -> T | None:
        """Do it, perhaps disturbed; None when the caller was told of an error or of nothing."""
        with self._disturbed(disturbance, skew, twin):
            try:
                return act()
            except (ImageStoreError, Killed):
                return None

    def _collect(self) -> None:
        self.dangling += self.world.collect().dangling

    def _look(self, image_id: str) -> ImageRecord | None:
        """The image as its owner sees it, without any disturbance."""
        try:
            return self.world.retrieval.get(OWNER, image_id).record
        except ImageNotFound:
            return None

    def _stored(self, *records: Image | None) -> Any:
        """Remember images that were acknowledged."""
        new = []
        for image in filter(None, records):
            if image.record.id not in self.told:
                grouped = CONVERSATION.name in image.details.groups
                self.told[image.record.id] = Told({State.READY}, {image.record.visibility}, grouped=grouped)
                new.append(image.record.id)
        return multiple(*new)

    # Rules --------------------------------------------------------------------------------------------

    @rule(target=images, visibility=shown, groups=groups, disturbance=disturbance, skew=skew)
    def upload(
        self, visibility: Visibility, groups: tuple[str, ...], disturbance: Any, skew: timedelta
    ) -> Any:
        upload = lambda: self.world.upload(visibility, groups=groups)  # noqa: E731 - done here, and by a twin
        return self._stored(self._attempt(upload, disturbance, skew, upload))

    @rule(
        target=images,
        visibilities=st.lists(shown, min_size=1, max_size=3),
        groups=groups,
        disturbance=disturbance,
        skew=skew,
    )
    def upload_batch(
        self, visibilities: list[Visibility], groups: tuple[str, ...], disturbance: Any, skew: timedelta
    ) -> Any:
        upload = lambda: self.world.upload_batch(visibilities, groups=groups)  # noqa: E731 - as above
        outcomes = self._attempt(upload, disturbance, skew, upload) or []
        return self._stored(*(outcome for outcome in outcomes if isinstance(outcome, Image)))

    @rule(target=tickets, visibility=shown, disturbance=disturbance, skew=skew)
    def announce(self, visibility: Visibility, disturbance: Any, skew: timedelta) -> Any:
        announce = lambda: self.world.announce(visibility)  # noqa: E731 - as above
        ticket = self._attempt(announce, disturbance, skew, announce)
        return multiple() if ticket is None else ticket

    @rule(ticket=tickets)
    def send(self, ticket: Ticket) -> None:
        self.world.send(ticket)

    @rule(target=images, ticket=tickets, disturbance=disturbance, skew=skew)
    def complete(self, ticket: Ticket, disturbance: Any, skew: timedelta) -> Any:
        complete = lambda: self.world.complete(ticket)  # noqa: E731 - as above
        image = self._attempt(complete, disturbance, skew, complete)
        if image is None and (seen := self._look(ticket.image_id)) is not None:
            image = Image(seen, self.world.retrieval.get(OWNER, ticket.image_id).details)
        return self._stored(image)

    @rule(image_id=images, visibility=shown, disturbance=disturbance, skew=skew)
    def show(self, image_id: str, visibility: Visibility, disturbance: Any, skew: timedelta) -> None:
        before = self._look(image_id)
        if before is None or before.state is not State.READY:
            return
        acknowledged = self.told[image_id]
        show = lambda: self.world.show_id(image_id, visibility)  # noqa: E731 - as above
        shown = self._attempt(show, disturbance, skew, show)
        acknowledged.visibilities = {visibility} if shown else {*acknowledged.visibilities, visibility}
        if shown and visibility is Visibility.PRIVATE and before.publication:
            acknowledged.withdrawn.add(before.publication)

    @rule(image_id=images, permanent=st.booleans(), disturbance=disturbance, skew=skew)
    def delete(self, image_id: str, permanent: bool, disturbance: Any, skew: timedelta) -> None:
        before = self._look(image_id)
        if before is None:
            return
        act = lambda: self.world.delete_id(image_id, permanent=permanent)  # noqa: E731 - as above
        done = self._attempt(act, disturbance, skew, act)
        self.told[image_id].deleted(before, _gone(permanent=permanent), surely=bool(done))

    @rule(
        image_ids=st.lists(images, min_size=1, max_size=3),
        permanent=st.booleans(),
        disturbance=disturbance,
        skew=skew,
    )
    def delete_batch(self, image_ids: list[str], permanent: bool, disturbance: Any, skew: timedelta) -> None:
        before = {image_id: self._look(image_id) for image_id in image_ids}
        act = lambda: self.world.delete_batch(tuple(image_ids), permanent=permanent)  # noqa: E731 - as above
        done = self._attempt(act, disturbance, skew, act)
        for image_id, record in before.items():
            if record is not None:
                surely = done is not None and image_id in done.successful
                self.told[image_id].deleted(record, _gone(permanent=permanent), surely=surely)

    @rule(permanent=st.booleans(), disturbance=disturbance, skew=skew)
    def delete_conversation(self, permanent: bool, disturbance: Any, skew: timedelta) -> None:
        before = {
            image_id: record
            for image_id, acknowledged in self.told.items()
            if acknowledged.grouped
            and (record := self._look(image_id)) is not None
            and record.state is State.READY
        }
        act = lambda: self.world.delete_batch(CONVERSATION, permanent=permanent)  # noqa: E731 - as above
        done = self._attempt(act, disturbance, skew, act)
        for image_id, record in before.items():
            surely = done is not None and image_id in done.successful
            self.told[image_id].deleted(record, _gone(permanent=permanent), surely=surely)
        if disturbance is None:
            assert done is not None
            assert before.keys() <= set(done.successful), (
                "a conversation is deleted, and not all of its images"
            )

    @rule(image_id=images, disturbance=disturbance, skew=skew)
    def restore(self, image_id: str, disturbance: Any, skew: timedelta) -> None:
        before = self._look(image_id)
        if before is None or before.state is not State.TRASHED:
            return
        acknowledged = self.told[image_id]
        act = lambda: self.world.restore_id(image_id)  # noqa: E731 - as above
        restored = self._attempt(act, disturbance, skew, act)
        acknowledged.states = {State.READY} if restored else {*acknowledged.states, State.READY}
        acknowledged.visibilities = {Visibility.PRIVATE, *([] if restored else acknowledged.visibilities)}

    @rule(
        image_id=images,
        preset=st.sampled_from(["w640", "w2048"]),
        accept=st.sampled_from(["image/webp", "image/avif"]),
        disturbance=disturbance,
        skew=skew,
    )
    def ask(self, image_id: str, preset: str, accept: str, disturbance: Any, skew: timedelta) -> None:
        ask = lambda: self.world.ask(image_id, preset, accept)  # noqa: E731 - as above
        try:
            file = self._attempt(ask, disturbance, skew, ask)
        except ImageNotFound:
            return
        if file is not None:
            key = file.record.rendition_key(file.rendition)
            gone = self._look(image_id) is None
            assert gone or key in self.world.private.objects, "a rendition was shown that is not there"

    @rule(image_id=images, disturbance=disturbance, skew=skew)
    def follow_link(self, image_id: str, disturbance: Any, skew: timedelta) -> None:
        look = lambda: self.world.follow_link(self.world.sign_link(image_id))  # noqa: E731 - as above
        try:
            target = self._attempt(look, disturbance, skew, look)
        except ImageNotFound:
            return
        if isinstance(target, str):
            gone = self._look(image_id) is None
            assert gone or target in self.world.private.objects, "a transform was shown that is not there"

    @rule(disturbance=disturbance, skew=skew, stale=st.sets(st.integers(0, 7)))
    def clean(self, disturbance: Any, skew: timedelta, stale: set[int]) -> None:
        with self._index_behind(stale):
            self._attempt(self._collect, disturbance, skew, self._collect)

    @rule(target=drops, key=st.sampled_from(["a", "b"]), announced=st.booleans())
    def drop(self, key: str, announced: bool) -> DroppedObject:
        dropped = self.world.drop(f"ingest/{OWNER}/{key}.png", announced=announced)
        self.dropped[dropped] = Dropped(announced=announced)
        return dropped

    @rule(dropped=drops)
    def announce_again(self, dropped: DroppedObject) -> None:
        self.world.announce_dropped(dropped)
        self.dropped[dropped].announced = True

    @rule(dropped=drops)
    def remove_dropped(self, dropped: DroppedObject) -> None:
        if not self.dropped[dropped].removed:
            self.dropped[dropped].removed = True
            remove_dropped(self.world, dropped)

    @rule(random=st.randoms(use_true_random=False), twice=st.booleans())
    def mix_events_up(self, random: Random, twice: bool) -> None:
        waiting = self.world.sqs.waiting["events"]
        if twice:
            waiting += [message | {"messageId": f"{message['messageId']} again"} for message in waiting]
        random.shuffle(waiting)

    @rule(disturbance=disturbance, skew=skew)
    def deliver(self, disturbance: Any, skew: timedelta) -> None:
        self._attempt(self.world.deliver, disturbance, skew, self.world.deliver)

    @rule(disturbance=disturbance, skew=skew)
    def sweep(self, disturbance: Any, skew: timedelta) -> None:
        self._attempt(self.world.sweep, disturbance, skew, self.world.sweep)

    @rule(image_id=images, disturbance=disturbance, skew=skew)
    def project(self, image_id: str, disturbance: Any, skew: timedelta) -> None:
        project = lambda: self.world.project(image_id)  # noqa: E731 - as above
        self._attempt(project, disturbance, skew, project)

    @rule(minutes=st.sampled_from([1, 5, 45, 90]))
    def wait(self, minutes: int) -> None:
        self.world.clock.instant += timedelta(minutes=minutes)

    @contextmanager
    def _index_behind(self, stale: set[int]) -> Iterator[None]:
        """The due index shows rows that are no longer due, and not all of those that are."""
        repository = self.world.repository
        current = repository.due
        over = [image_id for number, image_id in enumerate(self.told) if number % 8 in stale]

        def due(*arguments: Any, **named: Any) -> Iterator[str]:
            shown = list(current(*arguments, **named))
            yield from over
            yield from (row for number, row in enumerate(shown) if number % 8 not in stale)

        repository.due = due  # type: ignore[method-assign]  # what an index may do that is behind
        try:
            yield
        finally:
            repository.due = current  # type: ignore[method-assign]  # as above

    # Truth --------------------------------------------------------------------------------------------

    @invariant()
    def feed_follows(self) -> None:
        """At no moment is there a row of the feed without a public image, or a public image without its rows."""
        assert_feed_is_current(self.world)

    def _check(self, image_id: str, acknowledged: Told) -> None:
        seen = self._look(image_id)
        state = State.TOMBSTONE if seen is None else seen.state
        assert state in acknowledged.states, (
            f"an image is {state}, and its owner was told of {acknowledged.states}"
        )
        if seen is None:
            return
        assert_bytes(self.world, seen)
        if state is State.READY:
            assert seen.visibility in acknowledged.visibilities
        for publication in acknowledged.withdrawn:
            with pytest.raises(ImageNotFound):
                self.world.retrieval.get_public(link(image_id, publication))

    @precondition(lambda self: bool(self.told))
    @rule()
    def look(self) -> None:
        for image_id, acknowledged in self.told.items():
            self._check(image_id, acknowledged)

    def _check_dropped(self, *, all_found: bool) -> None:
        """Each object became one image: none before it was announced, perhaps none after it was removed."""
        counts = Counter(
            image.record.idempotency for image in self.world.records() if image.record.state is State.READY
        )
        for dropped, what in self.dropped.items():
            surely = not what.removed and (what.announced or all_found)
            assert counts[dropped.name] <= 1, "a dropped object is more than one image"
            assert counts[dropped.name] == 1 or not surely, "a dropped object is no image"

    def teardown(self) -> None:
        self.world.faults.end()
        self._deliver_all()
        self._check_all(swept=False)
        self.world.clock.instant += ANNOUNCEMENT_LIFETIME + REST
        self.world.sweep()
        self._deliver_all()
        self._check_all(swept=True)

    def _check_all(self, *, swept: bool) -> None:
        """Everything that was told is so, and nothing else is there."""
        self.world.settle()
        assert_sound(self.world)
        assert_projections_follow(self.world)
        self._check_dropped(all_found=swept)
        assert not self.world.sqs.waiting["dead letters"]
        assert not self.dangling, "cleanup met a record without its original"
        for image_id, acknowledged in self.told.items():
            self._check(image_id, acknowledged)

    def _deliver_all(self) -> None:
        """Deliver events until none is left: what died half-way holds its object's key for a while."""
        for _ in range(10):
            if not self.world.deliver():
                return
            self.world.clock.instant += RESERVATION_LIFETIME
        raise AssertionError("events that come again for ever")


def _gone(*, permanent: bool) -> State:
    return State.TOMBSTONE if permanent else State.TRASHED


def _quietly(step: Step) -> None:
    try:
        step()
    except (ImageStoreError, Killed):
        return


def let_run(chosen: settings, history: type[History] = History, **parts: Any) -> None:
    """Let a store, or one with wrong parts, live through histories; fails with the first that goes wrong."""
    run_state_machine_as_test(
        type("AnyHistory", (history,), {"parts": parts}),
        settings=settings(
            chosen,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_no_history_loses_leaks_or_leaves_anything() -> None:
    let_run(settings(max_examples=EXAMPLES, print_blob=True))
