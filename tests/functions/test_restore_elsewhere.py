"""Restores into another stack, or where another KMS key is in use (F8), are refused until an admin allows them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.domain.backup.lines import image_entity
from image_store.domain.ids import uuid7
from tests.fakes.kms_client import MemoryKms
from tests.functions.backups import BackedUp
from tests.functions.deployment import assert_refused
from tests.functions.test_restore import lose_table, meta, restored, rows_of
from tests.functions.test_sealed import SECRETS, assert_told, in_json, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.deployment import Deployment

OTHER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/another"


@pytest.fixture
def backed_up(deployed: Callable[..., Deployment]) -> BackedUp:
    return BackedUp(deployed, ENCRYPT_SENSITIVE_FIELDS="true")


def redeploy(backed_up: BackedUp, **environment: str) -> None:
    """Let the functions run with other settings from now on, a minute later."""
    store = backed_up.store
    store.set_clock.instant += timedelta(minutes=1)
    store.environment |= environment
    del store.settings, store.ports, store.application


def made_with_another_key(backed_up: BackedUp) -> MemoryKms:
    """Lose the table and the KMS key; the manifest names the old key. Returns the old key."""
    manifest, store = backed_up.manifest, backed_up.store
    origin = replace(manifest.origin, kms_key=OTHER_KEY)
    later = uuid7(store.set_clock.instant + timedelta(minutes=1), 1)
    backed_up.library.put_manifest(replace(manifest, id=later, origin=origin))
    lose_table(backed_up)
    key, store.kms_client = store.kms_client, MemoryKms()
    redeploy(backed_up)
    return key


def sealed_and_lost(backed_up: BackedUp) -> tuple[dict[str, Any], MemoryKms]:
    """An image with sealed texts in a backup, whose table and key are lost; and the key."""
    image = in_json(backed_up.store)
    backed_up.on_schedule()
    return image, made_with_another_key(backed_up)


def version_of(backed_up: BackedUp, image_id: str) -> int:
    """The version of an image in the backup."""
    return int(backed_up.lines()[image_entity(image_id)].rows[keys.META]["version"]["N"])


# Another KMS key --------------------------------------------------------------------------------------


def test_texts_that_another_key_sealed_are_not_restored_by_mistake(backed_up: BackedUp) -> None:
    sealed_and_lost(backed_up)

    done = restored(backed_up)

    assert (done["status"], done["errors"][0]["code"]) == ("failed", "recovery_impossible")
    assert "`other_key`" in done["errors"][0]["detail"]
    assert rows_of(backed_up) == {}


def test_sealed_texts_come_back_as_they_are_and_open_with_their_own_key(backed_up: BackedUp) -> None:
    image, own_key = sealed_and_lost(backed_up)

    done = restored(backed_up, other_key=True)
    closed = backed_up.store.answer_to("retrieve/image")
    page = backed_up.store.answer_to("list/newest")
    backed_up.store.kms_client = own_key
    redeploy(backed_up)
    opened = backed_up.store.answer_to("retrieve/image")

    assert (done["status"], done["progress"]["images"]) == ("succeeded", 1)
    assert_refused(closed, 500, "internal_error")
    assert [each["id"] for each in page.json["items"]] == [image["id"]]
    assert_told(opened.json)
    assert opened.json["id"] == image["id"]
    assert not [secret for secret in SECRETS if secret in rows(backed_up.store)]


def test_without_its_sealed_texts_an_image_is_a_new_version_that_needs_no_key(backed_up: BackedUp) -> None:
    image, _ = sealed_and_lost(backed_up)
    version = version_of(backed_up, image["id"])

    done = restored(backed_up, without_sealed=True)
    answer = backed_up.store.answer_to("retrieve/image")

    assert (done["status"], done["progress"]["images"]) == ("succeeded", 1)
    assert answer.status == 200
    assert answer.json["id"] == image["id"]
    assert meta(backed_up, image["id"])["version"] == {"N": str(version + 1)}
    assert not [secret for secret in SECRETS if secret in json.dumps(answer.json)]
    assert answer.json["sha256"] == image["sha256"]


def test_without_sealed_texts_an_image_that_has_none_keeps_its_version(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    before = rows_of(backed_up)
    made_with_another_key(backed_up)

    done = restored(backed_up, without_sealed=True)

    assert done["progress"]["images"] == 1
    assert rows_of(backed_up) == before


# Another stack ----------------------------------------------------------------------------------------


def test_the_backup_of_another_stack_is_restored_if_it_is_named(backed_up: BackedUp) -> None:
    image_id = backed_up.store.answer_to("upload/raw").json["id"]
    backed_up.on_schedule()
    lose_table(backed_up)
    redeploy(backed_up, STACK_NAME="second")

    by_default = restored(backed_up)
    assert (by_default["status"], by_default["errors"][0]["code"]) == ("failed", "backup_not_found")
    assert rows_of(backed_up) == {}

    named = restored(backed_up, stack="image-store")

    assert named["progress"]["images"] == 1
    assert {pk for pk, sk in rows_of(backed_up) if sk == keys.META} == {keys.image(image_id)}


def test_a_backup_that_was_moved_below_the_name_of_another_stack_is_refused(backed_up: BackedUp) -> None:
    backed_up.store.answer_to("upload/raw")
    backed_up.on_schedule()
    lose_table(backed_up)
    objects = backed_up.bucket.objects
    objects |= {key.replace("image-store/", "second/", 1): file for key, file in objects.items()}

    for environment, options in ({}, {"stack": "second"}), ({"STACK_NAME": "second"}, {}):
        redeploy(backed_up, **environment)
        done = restored(backed_up, **options)

        assert (done["status"], done["errors"][0]["code"]) == ("failed", "recovery_impossible")
        assert "the stack image-store" in done["errors"][0]["detail"]
    assert rows_of(backed_up) == {}
