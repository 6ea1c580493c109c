"""Protects routes that only admins may use."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from image_store.domain.callers.access import check_admin
from image_store.entrypoints.http import api as http
from image_store.settings.callers import AdminSettings


def check(api: APIGatewayHttpResolver, admins: AdminSettings) -> None:
    """Raise AdminRequired unless the caller is an admin of this deployment."""
    check_admin(
        http.caller(api),
        scopes=http.scopes(api),
        admin_scope=admins.scope,
        admin_subjects=admins.subjects,
    )
