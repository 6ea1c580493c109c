"""Turns merge patches into edits of an image."""

from dataclasses import replace
from typing import Any

from image_store.domain.images.image import Image
from image_store.entrypoints.http.fields import flat_groups, unique
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images.attribute_schemas import ImagePatch, checked_metadata
from image_store.services.images.editing import Edit

_OF_RECORD = ("category", "visibility", "expires_at")
"""The attributes of a patch that the record holds; the details hold the others."""


def read_patch(request: Request) -> ImagePatch:
    """Read a merge patch; only fields that were sent are set."""
    return request.json(ImagePatch, media_types=("application/merge-patch+json", "application/json"))


def edit_of(patch: ImagePatch) -> Edit:
    """The edit of a merge patch (RFC 7396): a missing field stays, null removes a value."""
    sent = {name: getattr(patch, name) for name in patch.model_fields_set}

    def edit(image: Image) -> Image:
        details = image.details
        values = dict(sent)
        if "alt_text" in sent:
            values["alt_text_given"] = patch.alt_text is not None
        if "tags" in sent:
            values["tags"] = unique(patch.tags or [])
        if "groups" in sent:
            values["groups"] = _groups(details.groups, patch.groups)
        if "metadata" in sent:
            merged = {} if patch.metadata is None else _merge(details.metadata, patch.metadata)
            values["metadata"] = checked_metadata(merged)
        of_record = {name: values.pop(name) for name in _OF_RECORD if name in values}
        return Image(replace(image.record, **of_record), replace(details, **values))

    return edit


def _groups(names: tuple[str, ...], patch: dict[str, list[str] | None] | None) -> tuple[str, ...]:
    if patch is None:
        return ()
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, _, member = name.partition(":")
        groups.setdefault(kind, []).append(member)
    return flat_groups(groups | {kind: members or [] for kind, members in patch.items()})


def _merge(value: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(value)
    for name, new in patch.items():
        if new is None:
            merged.pop(name, None)
        elif isinstance(new, dict):
            old = merged.get(name)
            merged[name] = _merge(old if isinstance(old, dict) else {}, new)
        else:
            merged[name] = new
    return merged
