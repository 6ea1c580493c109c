"""Begins and shows restores and rebuilds, for admins; the function `work` does them."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.domain.upkeep.recovery import RecoveryKind, RecoveryOptions
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.upkeep import recoveries
from image_store.entrypoints.upkeep.request_schemas import RebuildRequest, RestoreRequest

api = Api("Administration")


@api.post(
    "/v1/admin/rebuilds",
    summary="Rebuild lost records from the private bucket",
    scope=Scope.ADMIN,
    body="RebuildRequest",
    answers={202: "Recovery"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 409, 415, 503),
)
def create_rebuild(request: Request) -> "Response[str]":
    """Begins to write the records of originals that have none, as private images; its address is in `Location`."""
    app = application()
    options = request.json(RebuildRequest)
    recovery = app.recovery.requests.begin(
        RecoveryKind.REBUILD,
        RecoveryOptions(dry_run=options.dry_run, ended=options.include_ended),
        take_over=options.take_over,
    )
    return recoveries.accepted(recovery, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/rebuilds/<rebuild_id>",
    summary="See a rebuild",
    scope=Scope.ADMIN,
    answers={200: "Recovery"},
    problems=(403, 404, 503),
)
def get_rebuild(request: Request, rebuild_id: str) -> "Response[str]":
    """Returns the progress of a rebuild."""
    return recoveries.progress(application().recovery.requests.get(RecoveryKind.REBUILD, rebuild_id))


@api.post(
    "/v1/admin/restores",
    summary="Restore from a backup",
    scope=Scope.ADMIN,
    body="RestoreRequest",
    answers={202: "Recovery"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 409, 415, 503),
)
def create_restore(request: Request) -> "Response[str]":
    """Begins to restore what the store has lost, as of a manifest of a backup; its address is in `Location`."""
    app = application()
    options = request.json(RestoreRequest)
    recovery = app.recovery.requests.begin(
        RecoveryKind.RESTORE,
        recoveries.restore_options(options),
        manifest=options.manifest,
        take_over=options.take_over,
    )
    return recoveries.accepted(recovery, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/restores/<restore_id>",
    summary="See a restore",
    scope=Scope.ADMIN,
    answers={200: "Recovery"},
    problems=(403, 404, 503),
)
def get_restore(request: Request, restore_id: str) -> "Response[str]":
    """Returns the progress of a restore."""
    return recoveries.progress(application().recovery.requests.get(RecoveryKind.RESTORE, restore_id))


lambda_handler = api.handler()
