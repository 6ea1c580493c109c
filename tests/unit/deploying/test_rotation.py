"""R2's key pair is replaced without a moment in which none works, wherever a run stops."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from image_store_cli.deploying.rotation import OVERLAP, KeyRotation
from image_store_cli.errors import CommandError, UsageError
from tests.fakes.cloudflare_account import ZONE, CloudflareAccount, Fault
from tests.unit.deploying.store import AwsAccount, make, parts_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "image-store/r2"


class Rotated:
    """A deployed store whose key pair is rotated, with a clock."""

    def __init__(self) -> None:
        self.at = NOON
        self.cloudflare, self.aws = CloudflareAccount(), AwsAccount()
        self.cloudflare.clock = lambda: self.at
        self.parts = parts_of(self.cloudflare, self.aws, zone=ZONE)
        make(self.parts)
        self.at += timedelta(days=100)

    def run(self) -> int:
        """One run of the command; returns how many changes it showed."""
        rotation = KeyRotation(self.parts.r2_key(), lambda: self.at)
        changes = rotation.look()
        rotation.act()
        return len(changes)

    @property
    def tokens(self) -> set[str]:
        return {each for each, token in self.cloudflare.tokens.items() if token["name"].endswith(" r2")}

    @property
    def in_use(self) -> str:
        """The token of the secret, whose key pair works."""
        members = json.loads(self.aws.secrets[SECRET])
        assert not self.parts.r2_key().look()
        return str(members["access_key_id"])


def test_the_older_key_pair_works_for_another_day_and_then_ends() -> None:
    store = Rotated()
    first = store.in_use

    began = store.run()
    both = store.tokens
    second = store.in_use
    store.at += OVERLAP - timedelta(seconds=1)
    early = store.run()
    still = store.tokens
    store.at += timedelta(seconds=1)
    ended = store.run()

    assert (began, early, ended) == (1, 0, 1)
    assert both == still == {first, second}
    assert first != second
    assert store.tokens == {second}
    assert store.in_use == second


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", [None, 403], ids=["cut", "refused"])
def test_a_rotation_that_stops_at_any_call_is_resumed(status: int | None, *, is_after: bool) -> None:
    clean = Rotated()
    before = len(clean.cloudflare.calls)
    clean.run()
    middle = len(clean.cloudflare.calls)
    stops = 0

    for at in range(before + 1, middle + 1):
        store = Rotated()
        first = store.in_use
        store.cloudflare.fault = Fault(at, is_after=is_after, status=status)
        try:
            store.run()
        except CommandError:
            stops += 1
        assert first in store.tokens, at
        assert store.in_use in store.tokens
        store.at += timedelta(minutes=1)
        store.run()
        assert store.in_use != first, at
        assert store.tokens == {first, store.in_use}, at
        store.at += OVERLAP
        store.run()
        assert store.tokens == {store.in_use}, at
    assert stops > 0


def test_a_secret_that_could_not_be_written_leaves_the_old_key_pair_in_use() -> None:
    store = Rotated()
    first, text = store.in_use, store.aws.secrets[SECRET]
    store.aws.secrets[SECRET] = text

    class Full(AwsAccount):
        def call(self, service: str, operation: str, **request: object) -> object:
            if operation == "put_secret_value":
                raise CommandError("Full.")
            return super().call(service, operation, **request)

    full = Full()
    full.secrets = store.aws.secrets
    parts = parts_of(store.cloudflare, full, zone=ZONE)
    with pytest.raises(CommandError, match="Full"):
        KeyRotation(parts.r2_key(), lambda: store.at).act()

    assert store.in_use == first
    assert len(store.tokens) == 2
    store.at += timedelta(minutes=1)
    store.run()
    assert store.in_use != first
    assert store.tokens == {first, store.in_use}


def test_a_key_pair_that_somebody_else_made_is_not_rotated() -> None:
    store = Rotated()
    store.aws.secrets[SECRET] = json.dumps({"access_key_id": "theirs", "secret_access_key": "s"})

    with pytest.raises(UsageError, match="by hand"):
        store.run()

    assert len(store.tokens) == 1
