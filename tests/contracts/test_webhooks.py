"""Where webhooks, their deliveries, turns and replays are kept: the fakes of the tests and DynamoDB alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import webhook_keys as keys
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.webhooks.deliveries import DynamoDeliveries
from image_store.adapters.dynamodb.webhooks.registry import DynamoWebhooks
from image_store.adapters.dynamodb.webhooks.turns import DynamoDeliveryTurns, DynamoReplays
from image_store.domain.callers.actor import Actor
from image_store.domain.errors import Conflict, StorageUnavailable, TooManyWebhooks
from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.webhooks.deliveries import (
    DELIVERY_RETENTION,
    Attempt,
    DeliveryChange,
    DeliveryStatus,
    EventDelivery,
    Replay,
    new_delivery,
)
from image_store.domain.webhooks.webhook import MAX_WEBHOOKS, DisabledReason, Webhook, WebhookScope
from image_store.ports.webhooks import Deliveries, DeliveryTurns, Replays, Webhooks
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient, lose_response, never_send
from tests.fakes.webhooks import MemoryDeliveries, MemoryDeliveryTurns, MemoryReplays, MemoryWebhooks

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

ALICES = Webhook(
    id="0123456789abcdef",
    owner="alice",
    url="https://example.com/hooks?a=1",
    created_at=NOON,
    created_by="subject:alice",
    updated_at=NOON,
    active_since=NOON,
    sealed_secret="sealed",
)
OF_SOME_TYPES = replace(
    ALICES,
    id="00000000000000ff",
    owner="é/#*",
    types=frozenset({EventType.IMAGE_CREATED, EventType.IMAGE_DELETED}),
    description="für",
)
OF_ALL = replace(ALICES, id="00000000000000fe", owner="admin", scope=WebhookScope.ALL)
EVERYTHING_SET = replace(
    OF_SOME_TYPES,
    id="00000000000000fd",
    disabled_reason=DisabledReason.FAILING,
    previous_sealed_secret="older",
    previous_until=NOON + HOUR,
)


@dataclass(frozen=True)
class Store:
    """The ports on one table, or on none."""

    webhooks: Webhooks
    deliveries: Deliveries
    turns: DeliveryTurns
    replays: Replays


@pytest.fixture(params=["fake", "moto", "memory"])
def store(request: pytest.FixtureRequest, moto: Any) -> Store:
    if request.param == "fake":
        return Store(MemoryWebhooks(), MemoryDeliveries(), MemoryDeliveryTurns(), MemoryReplays())
    client = moto if request.param == "moto" else MemoryDynamo()
    table = DynamoTable(new_table(client), client=lambda: client)
    return Store(
        DynamoWebhooks(table), DynamoDeliveries(table), DynamoDeliveryTurns(table), DynamoReplays(table)
    )


def changed(webhook: Webhook, **changes: Any) -> Webhook:
    return replace(webhook, version=webhook.version + 1, **changes)


def event_at(at: datetime, name: str = "") -> Event:
    data = {"image_id": "1", "version": 3}
    return new_event(EventType.IMAGE_TRASHED, change=("test", name), at=at, owner="alice", data=data)


# Webhooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("webhook", [ALICES, OF_SOME_TYPES, OF_ALL, EVERYTHING_SET], ids=lambda each: each.id)
def test_a_webhook_reads_as_it_was_written(store: Store, webhook: Webhook) -> None:
    store.webhooks.create(webhook)

    assert store.webhooks.get(webhook.id) == webhook
    assert store.webhooks.of_owner(webhook.owner) == [webhook]
    assert store.webhooks.get("another") is None
    assert store.webhooks.of_owner("another") == []


def test_a_webhook_is_created_once(store: Store) -> None:
    store.webhooks.create(ALICES)

    with pytest.raises(Conflict):
        store.webhooks.create(replace(ALICES, owner="bob"))

    assert store.webhooks.get(ALICES.id) == ALICES
    assert store.webhooks.of_owner("bob") == []


def test_webhooks_of_an_owner_are_listed_with_the_newest_first(store: Store) -> None:
    mine = [replace(ALICES, id=f"{5 - n:016x}", created_at=NOON + n * HOUR) for n in range(3)]
    for webhook in (*mine, OF_SOME_TYPES, replace(ALICES, id="f" * 16, owner="alice2")):
        store.webhooks.create(webhook)

    assert store.webhooks.of_owner("alice") == mine[::-1]


def test_an_owner_has_a_limited_number_of_webhooks_and_a_deleted_one_makes_room(store: Store) -> None:
    mine = [replace(ALICES, id=f"{n:016x}") for n in range(MAX_WEBHOOKS)]
    for webhook in mine:
        store.webhooks.create(webhook)
    store.webhooks.create(OF_ALL)  # another owner's do not count

    with pytest.raises(TooManyWebhooks):
        store.webhooks.create(ALICES)
    store.webhooks.remove(mine[3], at=NOON)
    store.webhooks.create(ALICES)

    assert len(store.webhooks.of_owner("alice")) == MAX_WEBHOOKS


def test_a_change_is_saved_once_and_never_over_another_one(store: Store) -> None:
    store.webhooks.create(ALICES)
    after = changed(ALICES, url="https://example.com/2", updated_at=NOON + HOUR)

    store.webhooks.save(after)
    with pytest.raises(Conflict):
        store.webhooks.save(changed(ALICES, url="https://example.com/3"))

    assert store.webhooks.get(ALICES.id) == after


def test_a_deleted_webhook_is_as_one_that_never_was(store: Store) -> None:
    store.webhooks.create(OF_ALL)

    store.webhooks.remove(OF_ALL, at=NOON)

    assert store.webhooks.get(OF_ALL.id) is None
    assert store.webhooks.of_owner("admin") == []
    assert store.webhooks.subscriptions(["admin"]) == []
    with pytest.raises(Conflict):
        store.webhooks.save(changed(OF_ALL))


def test_a_change_that_was_first_keeps_a_webhook_from_being_deleted(store: Store) -> None:
    store.webhooks.create(ALICES)
    store.webhooks.save(changed(ALICES, description="new"))

    with pytest.raises(Conflict):
        store.webhooks.remove(ALICES, at=NOON)

    assert store.webhooks.get(ALICES.id) is not None


def test_subscriptions_are_those_of_the_owners_and_of_all(store: Store) -> None:
    for webhook in (ALICES, OF_SOME_TYPES, OF_ALL, replace(ALICES, id="e" * 16, owner="bob")):
        store.webhooks.create(webhook)

    def subscribers(*owners: str) -> list[Any]:
        return sorted(store.webhooks.subscriptions(owners), key=lambda each: each.webhook_id)

    assert subscribers() == [OF_ALL.subscription]
    assert subscribers("nobody") == [OF_ALL.subscription]
    assert subscribers("alice") == [OF_ALL.subscription, ALICES.subscription]
    assert subscribers("admin") == [OF_ALL.subscription]  # once, although admin's own are asked for too
    assert subscribers("alice", "é/#*") == [
        OF_ALL.subscription,
        OF_SOME_TYPES.subscription,
        ALICES.subscription,
    ]


def test_an_owner_named_like_the_row_of_all_hears_only_of_its_own(store: Store) -> None:
    stars = replace(ALICES, owner="*")

    store.webhooks.create(stars)

    assert store.webhooks.subscriptions(["alice"]) == []
    assert store.webhooks.subscriptions(["*"]) == [stars.subscription]


def test_subscriptions_follow_changes(store: Store) -> None:
    store.webhooks.create(ALICES)
    store.webhooks.create(OF_ALL)

    off = changed(OF_ALL.disabled(DisabledReason.GONE))
    store.webhooks.save(off)
    narrower = changed(ALICES, types=frozenset({EventType.IMAGE_CREATED}))
    store.webhooks.save(narrower)

    assert store.webhooks.subscriptions(["alice"]) == [narrower.subscription]
    store.webhooks.save(changed(off.enabled(now=NOON + HOUR)))
    assert len(store.webhooks.subscriptions(["alice"])) == 2


def test_the_directory_names_each_enabled_webhook_once(store: Store) -> None:
    owners = [f"owner {n}" for n in range(5)]
    for number, owner in enumerate(owners):
        store.webhooks.create(replace(ALICES, id=f"{number:016x}", owner=owner))
    store.webhooks.create(OF_ALL)
    store.webhooks.create(replace(EVERYTHING_SET, owner="owner 0"))  # disabled

    names, after = list[str](), None
    while True:
        page, after = store.webhooks.directory(after=after, limit=2)
        names += [each.webhook_id for each in page]
        if after is None:
            break

    assert sorted(names) == sorted([f"{n:016x}" for n in range(5)] + [OF_ALL.id])


# Deliveries -------------------------------------------------------------------------------------------


SENT = Attempt(at=NOON + SECOND, duration_ms=120, status=204)
REFUSED = Attempt(at=NOON + SECOND, duration_ms=10_000, error="timeout")


def saved(store: Store, *deliveries: EventDelivery) -> None:
    store.deliveries.save([DeliveryChange(None, each) for each in deliveries])


def test_deliveries_read_as_they_were_written(store: Store) -> None:
    new = new_delivery("a", event_at(NOON, "1"), at=NOON)
    sent = new_delivery("a", event_at(NOON, "2"), at=NOON).delivered(SENT)
    retried = new_delivery("a", event_at(NOON, "3"), at=NOON).retried(REFUSED, next_attempt_at=NOON + HOUR)
    failed = new_delivery("a", event_at(NOON, "4"), at=NOON).failed(REFUSED)

    saved(store, new, sent, retried, failed)

    for each in (new, sent, retried, failed):
        assert store.deliveries.get("a", each.event.id) == each
        assert store.deliveries.get("b", each.event.id) is None


def test_many_deliveries_are_saved_at_once(store: Store) -> None:
    many = [new_delivery("a", event_at(NOON, str(n)), at=NOON).delivered(SENT) for n in range(60)]

    saved(store, *many)
    saved(store)

    assert all(store.deliveries.get("a", each.event.id) == each for each in many)


def test_deliveries_are_listed_by_the_time_of_their_events_with_the_newest_first(store: Store) -> None:
    deliveries = [
        new_delivery("a", event_at(NOON + n * MINUTE), at=NOON + HOUR).delivered(SENT) for n in range(5)
    ]
    saved(store, *deliveries[::-1], new_delivery("b", event_at(NOON), at=NOON))

    pages, after = list[Sequence[EventDelivery]](), None
    while True:
        page, after = store.deliveries.page("a", status=None, after=after, limit=2)
        pages.append(page)
        if after is None:
            break

    assert [each for page in pages for each in page] == deliveries[::-1]
    assert all(len(page) <= 2 for page in pages)


def test_deliveries_of_a_status_are_listed(store: Store) -> None:
    new = [new_delivery("a", event_at(NOON + n * MINUTE), at=NOON) for n in range(6)]
    deliveries = [new[0], new[1].failed(REFUSED), *(each.delivered(SENT) for each in new[2:])]
    saved(store, *deliveries)

    def of_status(status: DeliveryStatus) -> Iterator[EventDelivery]:
        after = None
        while True:
            page, after = store.deliveries.page("a", status=status, after=after, limit=3)
            yield from page
            if after is None:
                return

    assert list(of_status(DeliveryStatus.PENDING)) == [deliveries[0]]
    assert list(of_status(DeliveryStatus.FAILED)) == [deliveries[1]]
    assert list(of_status(DeliveryStatus.DELIVERED)) == deliveries[:1:-1]


def test_pending_deliveries_are_due_in_the_order_of_their_times(store: Store) -> None:
    first = new_delivery("a", event_at(NOON, "1"), at=NOON).retried(REFUSED, next_attempt_at=NOON + MINUTE)
    second = new_delivery("a", event_at(NOON, "2"), at=NOON).retried(REFUSED, next_attempt_at=NOON + HOUR)
    saved(store, second, first, new_delivery("b", event_at(NOON), at=NOON))

    assert store.deliveries.next_due_at("a") == NOON + MINUTE
    assert store.deliveries.due("a", at=NOON, limit=10) == []
    assert store.deliveries.due("a", at=NOON + MINUTE, limit=10) == [first]
    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == [first, second]
    assert store.deliveries.due("a", at=NOON + HOUR, limit=1) == [first]
    assert store.deliveries.next_due_at("c") is None


@pytest.mark.parametrize("ends", ["delivered", "failed"])
def test_a_delivery_that_has_ended_is_no_longer_due(store: Store, ends: str) -> None:
    pending = new_delivery("a", event_at(NOON), at=NOON)
    saved(store, pending)
    after = pending.delivered(SENT) if ends == "delivered" else pending.failed(REFUSED)

    store.deliveries.save([DeliveryChange(pending, after)])

    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == []
    assert store.deliveries.next_due_at("a") is None
    assert store.deliveries.get("a", pending.event.id) == after


def test_a_delivery_that_is_tried_again_later_is_due_once(store: Store) -> None:
    pending = new_delivery("a", event_at(NOON), at=NOON)
    saved(store, pending)
    after = pending.retried(REFUSED, next_attempt_at=NOON + HOUR)

    store.deliveries.save([DeliveryChange(pending, after)])

    assert store.deliveries.next_due_at("a") == NOON + HOUR
    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == [after]


def test_a_replay_makes_a_delivery_due_again(store: Store) -> None:
    failed = new_delivery("a", event_at(NOON), at=NOON).failed(REFUSED)
    saved(store, failed)
    again = failed.replayed(at=NOON + HOUR)

    store.deliveries.save([DeliveryChange(failed, again)])

    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == [again]


def test_a_delivery_is_not_due_by_a_time_that_lost_a_race(store: Store) -> None:
    pending = new_delivery("a", event_at(NOON), at=NOON)
    saved(store, pending)
    store.deliveries.save([DeliveryChange(pending, pending.replayed(at=NOON + MINUTE))])
    sent = pending.delivered(SENT)
    store.deliveries.save([DeliveryChange(pending, sent)])  # by a turn that had read it before

    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == []
    assert store.deliveries.next_due_at("a") is None


def test_a_delivery_that_a_clock_ahead_has_put_off_for_years_is_due(store: Store) -> None:
    soon = new_delivery("a", event_at(NOON, "1"), at=NOON).retried(REFUSED, next_attempt_at=NOON + MINUTE)
    late = new_delivery("a", event_at(NOON, "2"), at=NOON).retried(REFUSED, next_attempt_at=NOON + 12 * HOUR)
    in_years = new_delivery("a", event_at(NOON, "3"), at=NOON).retried(
        REFUSED, next_attempt_at=NOON + 9_000 * HOUR
    )
    saved(store, in_years, late, soon)

    assert store.deliveries.due("a", at=NOON, limit=10) == [in_years]
    assert store.deliveries.due("a", at=NOON + HOUR, limit=10) == [soon, in_years]
    assert store.deliveries.due("a", at=NOON + HOUR, limit=1) == [soon]


# Turns ------------------------------------------------------------------------------------------------


def take(store: Store, holder: str, at: datetime = NOON) -> Any:
    return store.turns.take("a", holder=holder, at=at, until=at + MINUTE)


def test_one_run_at_a_time_has_the_turn(store: Store) -> None:
    turn = take(store, "one")

    assert turn.position is None
    assert take(store, "two", NOON + SECOND) is None
    assert store.turns.take("b", holder="two", at=NOON, until=NOON + MINUTE) is not None


def test_what_a_turn_remembers_is_there_in_the_next_one(store: Store) -> None:
    turn = take(store, "one")
    remembered = replace(turn, position="2026~x", failing_since=NOON, notes={"rounds": 3})

    store.turns.save(remembered, at=NOON)
    store.turns.end(remembered)

    later = take(store, "two", NOON + SECOND)
    assert replace(later, lease=turn.lease) == remembered
    assert later.lease.token > turn.lease.token


def test_a_turn_that_was_lost_can_write_nothing_more(store: Store) -> None:
    lost = take(store, "one")
    current = take(store, "two", NOON + HOUR)
    store.turns.save(replace(current, position="new"), at=NOON + HOUR)

    with pytest.raises(Conflict):
        store.turns.save(replace(lost, position="old"), at=NOON + HOUR)
    store.turns.end(lost)

    assert take(store, "three", NOON + HOUR) is None
    store.turns.end(current)
    assert take(store, "three", NOON + HOUR).position == "new"


def test_webhooks_that_fail_are_named_with_the_time_of_the_first_failure(store: Store) -> None:
    for name, since in (("a", NOON), ("b", None)):
        turn = store.turns.take(name, holder="one", at=NOON, until=NOON + MINUTE)
        assert turn is not None
        store.turns.save(replace(turn, failing_since=since), at=NOON)

    assert store.turns.failing_since(["a", "b", "c"]) == {"a": NOON}


# Replays ----------------------------------------------------------------------------------------------


REPLAY = Replay(id="1", webhook_id="a", created_at=NOON, after=NOON - HOUR, until=NOON)
OF_FAILED = Replay(id="2", webhook_id="b", created_at=NOON)


@pytest.mark.parametrize("replay", [REPLAY, OF_FAILED], ids=["range", "failed"])
def test_a_replay_reads_as_it_was_written_until_it_ends(store: Store, replay: Replay) -> None:
    store.replays.request(replay)
    further = replace(replay, cursor="x")
    store.replays.save(further)

    assert store.replays.current(replay.webhook_id) == further
    assert store.replays.current("c") is None
    assert store.replays.under_way(["c", replay.webhook_id]) == {replay.webhook_id: further}
    store.replays.end(further)
    store.replays.end(further)
    assert store.replays.current(replay.webhook_id) is None
    assert store.replays.under_way([replay.webhook_id]) == {}


def test_a_webhook_has_one_replay_at_a_time(store: Store) -> None:
    store.replays.request(REPLAY)

    with pytest.raises(Conflict):
        store.replays.request(replace(REPLAY, id="9"))

    assert store.replays.current("a") == REPLAY


def test_a_replay_that_was_replaced_changes_nothing(store: Store) -> None:
    store.replays.request(REPLAY)
    store.replays.end(REPLAY)
    new = replace(REPLAY, id="9")
    store.replays.request(new)

    store.replays.save(replace(REPLAY, cursor="old"))
    store.replays.end(REPLAY)

    assert store.replays.current("a") == new


# DynamoDB alone ---------------------------------------------------------------------------------------


ACTOR = Actor.subject("alice", "request-1")


def dynamo(client: Any, table: str) -> DynamoTable:
    return DynamoTable(table, client=lambda: client)


@pytest.mark.parametrize("act", ["create", "save", "remove"])
def test_a_write_whose_response_is_lost_is_settled_by_a_read(moto: Any, act: str) -> None:
    name = new_table(moto)
    calm = DynamoWebhooks(dynamo(moto, name), actor=lambda: ACTOR)
    losing = InterceptedClient(moto, transact_write_items=lose_response)
    webhooks = DynamoWebhooks(dynamo(losing, name), actor=lambda: ACTOR)
    after = changed(OF_ALL, description="new")
    if act != "create":
        calm.create(OF_ALL)

    match act:
        case "create":
            webhooks.create(OF_ALL)
        case "save":
            webhooks.save(after)
        case _:
            webhooks.remove(OF_ALL, at=NOON)

    expected = {"create": OF_ALL, "save": after}.get(act)
    assert calm.get(OF_ALL.id) == expected


def test_a_webhook_that_never_arrived_is_unavailable(moto: Any) -> None:
    losing = InterceptedClient(moto, transact_write_items=never_send)

    with pytest.raises(StorageUnavailable):
        DynamoWebhooks(dynamo(losing, new_table(moto))).create(ALICES)


def test_a_deleted_webhook_leaves_no_secret_and_goes_after_a_day(moto: Any) -> None:
    name = new_table(moto)
    webhooks = DynamoWebhooks(dynamo(moto, name), actor=lambda: ACTOR)
    webhooks.create(replace(EVERYTHING_SET, sealed_secret="hush", previous_sealed_secret="hush-hush"))

    webhooks.remove(EVERYTHING_SET, at=NOON)

    [row] = [item for item in all_items(moto, name) if keys.is_webhook(item)]
    assert "hush" not in str(all_items(moto, name))
    assert row["ttl"]["N"] == str(int((NOON + timedelta(days=1)).timestamp()))
    assert row["by"]["S"] == "subject:alice request-1"


def test_an_entry_of_the_directory_that_cannot_be_read_hides_no_other(moto: Any) -> None:
    name = new_table(moto)
    webhooks = DynamoWebhooks(dynamo(moto, name))
    webhooks.create(ALICES)
    webhooks.create(replace(ALICES, id="e" * 16))
    moto.update_item(
        TableName=name,
        Key=keys.owner_entry("alice"),
        UpdateExpression="SET #entry = :entry",
        ExpressionAttributeNames={"#entry": f"w_{ALICES.id}"},
        ExpressionAttributeValues={":entry": {"S": '{"types": ["image.exploded"]}'}},
    )

    assert [each.webhook_id for each in webhooks.subscriptions(["alice"])] == ["e" * 16]


def test_deliveries_that_are_not_pending_are_written_in_batches(moto: Any) -> None:
    watched = InterceptedClient(moto)
    deliveries = DynamoDeliveries(dynamo(watched, new_table(moto)))
    new = [new_delivery("a", event_at(NOON, str(n)), at=NOON) for n in range(30)]

    deliveries.save([DeliveryChange(None, each.delivered(SENT)) for each in new])

    assert watched.operations == ["batch_write_item"] * 2


def test_what_a_batch_did_not_take_is_written_again(moto: Any) -> None:
    def take_all_but_one(send: Any) -> Any:
        [(table, rows)] = watched.requests("batch_write_item")[-1]["RequestItems"].items()
        send(RequestItems={table: rows[1:]}) if len(rows) > 1 else send()
        return {"UnprocessedItems": {table: rows[:1]} if len(rows) > 1 else {}}

    watched = InterceptedClient(moto, batch_write_item=take_all_but_one)
    deliveries = DynamoDeliveries(dynamo(watched, new_table(moto)))
    new = [new_delivery("a", event_at(NOON, str(n)), at=NOON).delivered(SENT) for n in range(3)]

    deliveries.save([DeliveryChange(None, each) for each in new])

    assert all(deliveries.get("a", each.event.id) == each for each in new)


def test_the_rows_of_a_delivery_go_thirty_days_after_its_last_time(moto: Any) -> None:
    name = new_table(moto)
    deliveries = DynamoDeliveries(dynamo(moto, name))
    pending = new_delivery("a", event_at(NOON), at=NOON).retried(REFUSED, next_attempt_at=NOON + HOUR)

    deliveries.save([DeliveryChange(None, pending)])

    last_second = str(int((NOON + HOUR + DELIVERY_RETENTION).timestamp()))
    assert [item["ttl"]["N"] for item in all_items(moto, name)] == [last_second] * 2


def test_a_replay_that_expired_makes_room_for_another_one(moto: Any) -> None:
    replays = DynamoReplays(dynamo(moto, new_table(moto)))
    replays.request(REPLAY)
    later = replace(REPLAY, id="9", created_at=NOON + timedelta(days=31))

    replays.request(later)

    assert replays.current("a") == later
