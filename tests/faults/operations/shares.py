"""Shares that are created and revoked, and what their addresses show then."""

from datetime import timedelta

from image_store.domain.callers.caller import Caller, user
from image_store.domain.delivery.shares import CACHED_FOR
from image_store.domain.errors import ImageNotFound
from image_store.domain.images.image import Visibility
from image_store.services.delivery.shares import IssuedShare, NewShare
from tests.faults.operation import Operation
from tests.faults.roles import runs_as
from tests.faults.world import World
from tests.samples import OWNER


def owner() -> Caller:
    return user(OWNER, scopes=(), admin_scope="images:admin", admin_subjects=())


@runs_as("share")
def create(world: World) -> IssuedShare:
    """Share everything for a year."""
    return world.app.delivery.share_administration.create(owner(), NewShare(lifetime=timedelta(days=365)))


@runs_as("share")
def revoke(world: World) -> None:
    """Revoke every share of the owner, of which there is one."""
    administration = world.app.delivery.share_administration
    for issued in administration.page(owner(), cursor=None, limit=10)[0]:
        administration.revoke(owner(), issued.share.id)


@runs_as("links")
def shows(world: World, issued: IssuedShare) -> bool:
    """Whether the address of a share shows the bystander a minute later."""
    assert issued.token is not None
    world.clock.instant += CACHED_FOR
    try:
        shared = world.app.delivery.shared_view.find(
            issued.token, world.bystander.record.id, "thumb", accept=None
        )
    except ImageNotFound:
        return False
    return shared.file.record.id == world.bystander.record.id


def shown(world: World, _: object, created: IssuedShare) -> None:
    assert shows(world, created)


def no_longer_shown(world: World, _before: object, _: None) -> None:
    for issued in world.app.delivery.share_administration.page(owner(), cursor=None, limit=10)[0]:
        assert not shows(world, issued)


def every_listed_share_is_whole(world: World, _: object) -> None:
    """A share that is listed can be revoked, and then it shows nothing."""
    revoke(world)
    no_longer_shown(world, None, None)


def with_a_share(world: World) -> None:
    assert shows(world, create(world))


SHARES = (
    Operation(
        "create a share",
        lambda world: world.upload(Visibility.PRIVATE),
        lambda world, _: create(world),
        shown,
        calls=2,
    ),
    Operation(
        "revoke a share",
        with_a_share,
        lambda world, _: revoke(world),
        no_longer_shown,
        calls=4,
        whatever=every_listed_share_is_whole,
    ),
)
