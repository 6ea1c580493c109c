"""Reads requests that change or restore many images."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from image_store.domain.errors import InvalidRequest
from image_store.domain.images import details as limits
from image_store.domain.images.image import Image
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images.batch_change_schemas import BatchRestore, BatchUpdate
from image_store.services.images.editing import Edit

_OF_RECORD = ("visibility", "category")


@dataclass(frozen=True, slots=True)
class BatchEdit:
    """The same edit for several images."""

    image_ids: tuple[str, ...]
    edit: Edit


def read_batch_update(request: Request) -> BatchEdit:
    """Read which images to change and how; InvalidRequest if nothing would change, or a name is on both sides."""
    update = request.json(BatchUpdate)
    of_record = {name: getattr(update, name) for name in _OF_RECORD if name in update.model_fields_set}
    lists = (update.add_tags, update.remove_tags, update.add_groups, update.remove_groups)
    if not (of_record or any(lists)):
        raise InvalidRequest("Send at least one change, such as `add_tags`.")
    if {*update.add_tags} & {*update.remove_tags} or {*update.add_groups} & {*update.remove_groups}:
        raise InvalidRequest("A tag or group cannot be both added and removed.")

    def edit(image: Image) -> Image:
        details = image.details
        tags = _changed(details.tags, update.add_tags, update.remove_tags)
        groups = _changed(details.groups, update.add_groups, update.remove_groups)
        if update.add_tags and len(tags) > limits.MAX_TAGS:
            raise InvalidRequest(f"An image has at most {limits.MAX_TAGS} tags.")
        if update.add_groups and len(groups) > limits.MAX_GROUPS:
            raise InvalidRequest(f"An image belongs to at most {limits.MAX_GROUPS} groups.")
        return Image(replace(image.record, **of_record), replace(details, tags=tags, groups=groups))

    return BatchEdit(tuple(update.ids), edit)


def read_batch_restore(request: Request) -> tuple[str, ...]:
    """Read which images to take out of the trash."""
    return tuple(request.json(BatchRestore).ids)


def _changed(names: tuple[str, ...], added: Iterable[str], removed: Iterable[str]) -> tuple[str, ...]:
    gone = set(removed)
    return tuple(dict.fromkeys([*(name for name in names if name not in gone), *added]))
