"""Moves pictures out of records, for admins; batches are carried on by the function for work."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import Application, application
from image_store.entrypoints.callers import admins
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.http import api as http
from image_store.entrypoints.upkeep import migration_routes, migrations

api = http.create_api()
ADDRESS = "/v1/admin/migrations/<migration_id>"


@api.post("/v1/admin/migrations", **migration_routes.BEGIN)
def create_migration() -> "Response[str]":
    app = _application_of_admin()
    until = deadline(api.lambda_context, app.clock)
    migration = migrations.begin(api, app.upkeep.migration_requests, until=until)
    return migrations.accepted(migration, api_url=http.api_url(api, app.settings.api_url))


@api.get(ADDRESS, **migration_routes.SEE)
def get_migration(migration_id: str) -> "Response[str]":
    return migrations.progress(_application_of_admin().upkeep.migration_requests.get(migration_id))


@api.get(f"{ADDRESS}/records", **migration_routes.RECORDS)
def list_migrated_records(migration_id: str) -> "Response[str]":
    return migrations.records(api, _application_of_admin().upkeep.migration_requests, migration_id)


@api.get(f"{ADDRESS}/content", **migration_routes.CONTENT)
def get_migration_content(migration_id: str) -> "Response[Any]":
    app = _application_of_admin()
    return migrations.content(api, app.upkeep.migration_requests, migration_id, answers=app.answers)


def _application_of_admin() -> Application:
    app = application()
    admins.check(api, app.settings.admins)
    return app


lambda_handler = http.handler(api)
