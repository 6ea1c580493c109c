"""Decides who is an admin."""

from collections.abc import Collection

from image_store.domain.errors import AdminRequired


def check_admin(
    subject: str, *, scopes: Collection[str], admin_scope: str, admin_subjects: Collection[str]
) -> None:
    """Raise AdminRequired unless the token has the admin scope or the subject is a configured admin."""
    if admin_scope not in scopes and subject not in admin_subjects:
        raise AdminRequired(f"This needs the scope {admin_scope}.")
