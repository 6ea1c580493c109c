"""How the parts of cleanup fit together, the same in a deployment and in tests."""

from collections.abc import Sequence
from datetime import timedelta

from image_store.domain.upkeep.cleanup import Policy
from image_store.ports.delivery import PublicationRows
from image_store.ports.finding import ListRows
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import CleanupRows, Housekeeping
from image_store.services.delivery.publishing import Publisher
from image_store.services.images.deletion import Deletion
from image_store.services.upkeep.cleanup.due import DueRows
from image_store.services.upkeep.cleanup.objects import ObjectSweep, PrivateObjects, PublicObjects
from image_store.services.upkeep.cleanup.policies import Policies
from image_store.services.upkeep.cleanup.records import RecordSweep
from image_store.services.upkeep.cleanup.run import Cleanup
from image_store.services.upkeep.repair.storage_check import StorageCheck

GRACE = timedelta(hours=24)
"""An hour would do: a record is there before the first of its objects. A day also covers clocks that are wrong."""


def assemble_cleanup(
    *,
    repository: ImageRepository,
    lists: ListRows,
    publications: PublicationRows,
    rows: CleanupRows,
    housekeeping: Housekeeping,
    private: ObjectStore,
    public: ObjectStore | None,
    publisher: Publisher,
    deletion: Deletion,
    work: WorkQueue,
    clock: Clock,
    ids: Ids,
    policies: Sequence[Policy] = (),
    most_removals: int = 1_000,
) -> Cleanup:
    """A cleanup of these stores; without a public bucket there is none to sweep."""
    private_objects = PrivateObjects(repository=repository, clock=clock)
    objects = [
        ObjectSweep(
            name="private",
            bucket=private,
            finder=private_objects,
            delete=private.delete,
            grace=GRACE,
            clock=clock,
        )
    ]
    if public is not None:
        public_objects = PublicObjects(publications=publications, clock=clock)
        objects.append(
            ObjectSweep(
                name="public",
                bucket=public,
                finder=public_objects,
                delete=publisher.remove_strays,
                grace=GRACE,
                clock=clock,
            )
        )
    return Cleanup(
        due=DueRows(
            repository=repository,
            publications=publications,
            rows=rows,
            private=private,
            publisher=publisher,
            deletion=deletion,
            clock=clock,
            ids=ids,
        ),
        policies=Policies(
            policies=policies, repository=repository, lists=lists, rows=rows, deletion=deletion, clock=clock
        ),
        staging=private_objects,
        private=private,
        objects=objects,
        records=RecordSweep(
            repository=repository,
            rows=rows,
            private=private,
            check=StorageCheck(private=private, public=public),
            work=work,
            deletion=deletion,
            grace=GRACE,
            clock=clock,
        ),
        housekeeping=housekeeping,
        clock=clock,
        ids=ids,
        most_removals=most_removals,
    )
