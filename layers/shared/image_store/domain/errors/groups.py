"""The errors of groups."""

from image_store.domain.errors.root import ImageStoreError


class GroupNotFound(ImageStoreError):
    """The caller has no such group: it has neither images nor a title, and was not created."""

    code = "group_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such group.")


class GroupExists(ImageStoreError):
    """The caller has created this group before, or given it a title or a cover."""

    code = "group_exists"

    def __init__(self) -> None:
        super().__init__("There is a group with this type and id; change it instead.")


class TooManyGroups(ImageStoreError):
    """The owner has created as many groups as one owner may."""

    code = "too_many_groups"

    def __init__(self) -> None:
        super().__init__(
            "An owner can have 1,000 groups that were created or have a title or a cover; delete some of them."
        )
