"""Who is an admin."""

from collections.abc import Collection

from image_store.domain.errors import AdminRequired

ADMIN_SCOPE = "images:admin"


def check_admin(subject: str, *, scopes: Collection[str], admin_subjects: Collection[str]) -> None:
    """AdminRequired unless the token has the scope, or the deployment names the subject."""
    if ADMIN_SCOPE not in scopes and subject not in admin_subjects:
        raise AdminRequired(f"This needs the scope {ADMIN_SCOPE}.")
