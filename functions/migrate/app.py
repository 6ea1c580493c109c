"""Moves pictures out of records, for admins; the function `work` carries on with large sources."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.upkeep import migrations
from image_store.entrypoints.upkeep.migration_schemas import (
    MigratedRecordQuery,
    MigratedRecordsQuery,
    MigrationRequest,
)

api = Api("Administration")


@api.post(
    "/v1/admin/migrations",
    summary="Move pictures out of records",
    scope=Scope.ADMIN,
    body="MigrationRequest",
    answers={202: "Migration"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 413, 415, 503),
)
def create_migration(request: Request) -> "Response[str]":
    """Begins to make images of the pictures in records; the migration's address is in `Location`."""
    app = application()
    body, until = request.json(MigrationRequest), request.deadline(app.clock)
    migration = migrations.begin(body, app.upkeep.migration_requests, until=until)
    return migrations.accepted(migration, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/migrations/<migration_id>",
    summary="See a migration",
    scope=Scope.ADMIN,
    answers={200: "Migration"},
    problems=(403, 404, 503),
)
def get_migration(request: Request, migration_id: str) -> "Response[str]":
    """Returns the progress of a migration."""
    return migrations.progress(application().upkeep.migration_requests.get(migration_id))


@api.get(
    "/v1/admin/migrations/<migration_id>/records",
    summary="List the images that the records of a migration became",
    scope=Scope.ADMIN,
    query="MigratedRecordsQuery",
    answers={200: "MigratedRecords"},
    problems=(400, 403, 404, 503),
)
def list_migrated_records(request: Request, migration_id: str) -> "Response[str]":
    """Lists records that have been moved, each with the id of its image."""
    service = application().upkeep.migration_requests
    query = request.query(MigratedRecordsQuery)
    return migrations.records(
        service.records(service.get(migration_id), after=query.cursor, limit=query.limit)
    )


@api.get(
    "/v1/admin/migrations/<migration_id>/content",
    summary="Get the picture of a record, moved or not",
    scope=Scope.ADMIN,
    query="MigratedRecordQuery",
    answers={
        200: "The picture itself, if it is not moved yet; not for JSON lines.",
        302: "The picture is moved, and at Location for a while.",
    },
    media={200: "image/*"},
    problems=(400, 403, 404, 413, 415, 422, 503),
)
def get_migration_content(request: Request, migration_id: str) -> "Response[Any]":
    """Returns the picture of a record, or redirects to it once it is moved."""
    app = application()
    service, record_id = app.upkeep.migration_requests, request.query(MigratedRecordQuery).record
    migration = service.get(migration_id)
    image = service.image_of(migration, record_id)
    if image is not None:
        return app.answers.original(image, method=request.read_method)
    return migrations.content(*service.picture_of(migration, record_id))


lambda_handler = api.handler()
