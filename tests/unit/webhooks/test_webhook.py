"""What a webhook is told about, which secrets sign, and which of its changes are events."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.events.event import LOGGED_TYPES, Event, EventType, new_event
from image_store.domain.events.webhooks import new_test_event, webhook_events
from image_store.domain.webhooks.webhook import (
    MAX_OVERLAP,
    DisabledReason,
    Webhook,
    WebhookScope,
    concerned,
    secret_text,
)
from tests.contracts.test_webhooks import ALICES, NOON, OF_ALL

HOUR = timedelta(hours=1)
LATER = NOON + HOUR


def happened(event_type: EventType = EventType.IMAGE_CREATED, owner: str | None = "alice") -> Event:
    return new_event(event_type, change=("c",), at=NOON, owner=owner, data={})


def changed(webhook: Webhook) -> Webhook:
    return replace(webhook, version=webhook.version + 1, updated_at=LATER)


# What it is told about ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("webhook", "event", "is_told"),
    [
        (ALICES, happened(), True),
        (ALICES, happened(owner="bob"), False),
        (ALICES, happened(owner=None), False),
        (OF_ALL, happened(owner="bob"), True),
        (OF_ALL, happened(EventType.CLEANUP_FINISHED, owner=None), True),
        (replace(ALICES, types=frozenset({EventType.IMAGE_CREATED})), happened(), True),
        (replace(ALICES, types=frozenset({EventType.IMAGE_DELETED})), happened(), False),
        (replace(OF_ALL, types=frozenset({EventType.IMAGE_DELETED})), happened(), False),
        (ALICES.disabled(DisabledReason.BY_OWNER), happened(), False),
    ],
)
def test_a_webhook_is_told_about_events_of_its_owner_and_types(
    webhook: Webhook, event: Event, is_told: bool
) -> None:
    assert webhook.subscription.concerns(event) is is_told
    assert concerned([webhook.subscription], [event]) == (frozenset({webhook.id}) if is_told else frozenset())


def test_one_event_of_many_is_enough_to_wake_a_webhook() -> None:
    events = [happened(owner="bob"), happened()]

    assert concerned([ALICES.subscription, OF_ALL.subscription], events) == {ALICES.id, OF_ALL.id}
    assert concerned([], events) == concerned([ALICES.subscription], []) == frozenset()


def test_the_log_of_a_webhook_is_that_of_its_owner_or_of_all() -> None:
    assert (ALICES.log_owner, OF_ALL.log_owner) == ("alice", None)
    assert OF_ALL.scope is WebhookScope.ALL


# Enabled and disabled ----------------------------------------------------------------------------------


def test_a_disabled_webhook_keeps_the_first_reason() -> None:
    gone = ALICES.disabled(DisabledReason.GONE)

    assert gone.disabled(DisabledReason.BY_OWNER) == gone
    assert not gone.is_enabled


def test_a_webhook_that_is_enabled_again_hears_about_events_from_then_on() -> None:
    again = ALICES.disabled(DisabledReason.FAILING).enabled(now=LATER)

    assert (again.is_enabled, again.active_since) == (True, LATER)
    assert ALICES.enabled(now=LATER) == ALICES


# Secrets -----------------------------------------------------------------------------------------------


def test_a_secret_has_the_form_of_standard_webhooks() -> None:
    random = base64.urlsafe_b64encode(bytes(range(224, 256))).rstrip(b"=").decode()

    text = secret_text(random)

    assert text.startswith("whsec_")
    assert base64.b64decode(text.removeprefix("whsec_"), validate=True) == bytes(range(224, 256))


def test_a_rotation_keeps_one_old_secret_for_the_overlap() -> None:
    once = ALICES.rotated("second", now=NOON, overlap=HOUR)
    twice = once.rotated("third", now=NOON, overlap=HOUR)

    assert once.sealed_secrets(NOON) == ("second", "sealed")
    assert once.sealed_secrets(LATER) == ("second",)
    assert twice.sealed_secrets(NOON) == ("third", "second")
    assert ALICES.rotated("second", now=NOON, overlap=timedelta()).sealed_secrets(NOON) == ("second",)


def test_an_overlap_that_a_clock_ahead_has_written_is_over() -> None:
    ahead = ALICES.rotated("second", now=NOON + timedelta(days=400), overlap=MAX_OVERLAP)

    assert ahead.sealed_secrets(NOON) == ("second",)
    assert ahead.overlap_end(NOON) is None


# Events ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [DisabledReason.GONE, DisabledReason.FAILING])
def test_a_webhook_that_the_store_has_disabled_is_an_event_of_its_owner(reason: DisabledReason) -> None:
    after = changed(ALICES.disabled(reason))

    [event] = webhook_events(ALICES, after, at=LATER + HOUR)

    assert (event.type, event.owner, event.created_at) == (EventType.WEBHOOK_DISABLED, "alice", LATER)
    assert event.data == {"webhook_id": ALICES.id, "reason": reason.value}
    assert webhook_events(ALICES, after, at=LATER + 2 * HOUR) == [event]
    assert webhook_events(ALICES, replace(after, version=9), at=LATER)[0].id != event.id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ALICES),
        (ALICES, None),
        (ALICES, changed(ALICES)),
        (ALICES, changed(ALICES.disabled(DisabledReason.BY_OWNER))),
        (ALICES, changed(replace(ALICES, deleted_at=LATER))),
        (ALICES.disabled(DisabledReason.GONE), changed(ALICES.disabled(DisabledReason.GONE))),
        (ALICES.disabled(DisabledReason.GONE), changed(ALICES)),
        (None, ALICES.disabled(DisabledReason.GONE)),
    ],
)
def test_what_an_owner_does_with_a_webhook_is_no_event(before: Webhook | None, after: Webhook | None) -> None:
    assert webhook_events(before, after, at=LATER) == []


def test_each_test_has_an_event_of_its_own_that_no_log_has() -> None:
    one, two = (new_test_event(ALICES, at=NOON, token=token) for token in "12")

    assert one.id != two.id
    assert (one.type, one.owner, one.data) == (EventType.WEBHOOK_TEST, "alice", {"webhook_id": ALICES.id})
    assert EventType.WEBHOOK_TEST not in LOGGED_TYPES
    assert len(LOGGED_TYPES) == len(EventType) - 1
