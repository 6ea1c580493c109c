"""Images that are projected together: their rows and figures are exactly what each would have alone."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.ids import uuid7
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, State
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from image_store.ports.finding import PROJECTED_TOGETHER
from tests.contracts.repository.images import NOON, moved, pending
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import Hook, InterceptedClient, after, lose_response, never_send, nth
from tests.fakes.projections import assert_projected
from tests.fakes.rows import DynamoRows

LONG_PROMPT = " ".join(f"word{number}" for number in range(300))


class Consumer:
    """A consumer of the stream, on a table with records."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.table = new_table(client)
        self.repository = DynamoRows(DynamoTable(self.table, client=lambda: client))
        self.projector = self.projector_with(client)
        self._numbers = random.Random(5)  # noqa: S311 - ids that are the same in every run

    def projector_with(self, client: Any) -> DynamoProjector:
        return DynamoProjector(DynamoTable(self.table, client=lambda: client, sleep=lambda _: None))

    def add(self, owner: str = "o1", *, prompt: str = "a red boat", model: str = "m1") -> Image:
        details = Details(tags=("cats",), generation={"prompt": prompt, "model": model})
        image = replace(pending(), details=details)
        image_id = uuid7(NOON, self._numbers.getrandbits(74))
        image = replace(image, record=replace(image.record, id=image_id, owner=owner, intent=None))
        self.repository.reserve(Reservation(image, Quota(), None, None, NOON))
        return self.move(image, State.READY, due_at=None)

    def move(self, image: Image, state: State, **changes: Any) -> Image:
        after_change = moved(image, state, **changes)
        self.repository.replace(image, after_change)
        return after_change

    def together(self, *images: Image, epoch: int = 1, client: Any = None) -> list[str]:
        """The images that have to be projected alone."""
        projector = self.projector if client is None else self.projector_with(client)
        ids = [image.record.id for image in images]
        return list(projector.project_together(ids, epoch=epoch, at=NOON))

    def alone(self, image_id: str, *, epoch: int = 1) -> None:
        self.projector.project(image_id, epoch=epoch, at=NOON)

    def assert_follows(self, epoch: int = 1) -> None:
        assert_projected(all_items(self.client, self.table), epoch)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Any:
    """A client of a DynamoDB in memory, or of moto for tests that ask for both."""
    kind = getattr(request, "param", "memory")
    return request.getfixturevalue("moto") if kind == "moto" else MemoryDynamo()


both = pytest.mark.parametrize("client", ["memory", "moto"], indirect=True)


@pytest.fixture
def consumer(client: Any) -> Consumer:
    return Consumer(client)


@both
def test_images_of_one_owner_are_projected_with_one_write_of_the_figures(consumer: Consumer) -> None:
    images = [consumer.add() for _ in range(5)]
    client = InterceptedClient(consumer.client)

    left = consumer.together(*images, client=client)

    assert left == []
    assert client.operations.count("transact_write_items") == 1
    consumer.assert_follows()


def test_as_many_as_fit_are_projected_with_few_writes_of_the_figures(consumer: Consumer) -> None:
    images = [consumer.add(prompt=LONG_PROMPT) for _ in range(PROJECTED_TOGETHER)]
    total = keys.key(keys.owner_stats(1, "o1"), keys.TOTAL)
    client = InterceptedClient(consumer.client)

    left = consumer.together(*images, client=client)

    writes = [request["TransactItems"] for request in client.requests("transact_write_items")]
    of_figures = [
        write for write in writes if any(each.get("Update", {}).get("Key") == total for each in write)
    ]
    assert left == []
    assert len(of_figures) == 1
    assert len(writes) <= 1 + 2 * len(images)
    consumer.assert_follows()


def test_images_of_many_owners_and_models_are_projected(consumer: Consumer) -> None:
    images = [consumer.add(f"o{number}", model=f"m{number}") for number in range(PROJECTED_TOGETHER)]

    left = consumer.together(*images)

    assert left == []
    consumer.assert_follows()


def test_images_that_are_up_to_date_write_nothing(consumer: Consumer) -> None:
    images = [consumer.add() for _ in range(3)]
    consumer.together(*images)
    before = all_items(consumer.client, consumer.table)

    assert consumer.together(*images) == []
    assert all_items(consumer.client, consumer.table) == before


def test_every_end_is_projected_and_may_be_counted_in_another_part_than_the_beginning(
    consumer: Consumer,
) -> None:
    images = [consumer.add() for _ in range(4)]
    consumer.together(*images)
    trashed = consumer.move(images[0], State.TRASHED, due_at=NOON + timedelta(days=7))
    gone = consumer.move(images[3], State.DELETING, due_at=NOON)
    fresh = consumer.add()

    left = consumer.together(fresh, gone, trashed)

    assert left == []
    consumer.assert_follows()


def test_an_image_that_another_consumer_has_just_projected_counts_once(consumer: Consumer) -> None:
    images = [consumer.add(prompt=LONG_PROMPT) for _ in range(3)]
    other = after(lambda: consumer.alone(images[1].record.id))
    client = InterceptedClient(consumer.client, transact_write_items=other)

    left = consumer.together(*images, client=client)

    assert sorted(left) == sorted(image.record.id for image in images)
    for image_id in left:
        consumer.alone(image_id)
    consumer.assert_follows()


@pytest.mark.parametrize("failure", [lose_response, never_send], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("at", range(1, 8))
def test_the_rest_of_an_interrupted_consumer_is_projected_alone_and_counts_once(
    consumer: Consumer, at: int, failure: Hook
) -> None:
    images = [consumer.add(f"o{number % 2}", prompt=LONG_PROMPT) for number in range(4)]
    client = InterceptedClient(consumer.client, transact_write_items=nth(at, failure))

    left = consumer.together(*images, client=client)

    for image_id in left:
        consumer.alone(image_id)
    consumer.assert_follows()


def test_images_change_while_a_new_epoch_begins(consumer: Consumer) -> None:
    images = [consumer.add() for _ in range(6)]
    consumer.together(*images[:4])

    consumer.together(*images, epoch=2)
    consumer.together(*images, epoch=1)  # a consumer that does not know of the rebuild yet

    consumer.assert_follows(epoch=2)


def test_an_unreadable_row_leaves_all_to_be_projected_alone(consumer: Consumer) -> None:
    images = [consumer.add() for _ in range(3)]
    consumer.client.update_item(
        TableName=consumer.table,
        Key=keys.record(images[1].record.id),
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "99"}},
    )

    assert sorted(consumer.together(*images)) == sorted(image.record.id for image in images)
