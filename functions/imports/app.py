"""Begins, shows and cancels imports from other stores, for admins; the function `work` does their steps."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.upkeep import imports
from image_store.entrypoints.upkeep.import_schemas import ImportRecordsQuery, ImportRequest

api = Api("Administration")


@api.post(
    "/v1/admin/imports",
    summary="Import images from another store",
    scope=Scope.ADMIN,
    body="ImportRequest",
    answers={202: "Import"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 413, 415, 503),
)
def create_import(request: Request) -> "Response[str]":
    """Begins to store the images of a source for an owner; the import's address is in `Location`.

    An image that was imported for this owner before is not stored again.
    """
    app = application()
    job = app.upkeep.import_requests.begin(imports.options_of(request.json(ImportRequest)))
    return imports.accepted(job, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/imports/<import_id>",
    summary="See an import",
    scope=Scope.ADMIN,
    answers={200: "Import"},
    problems=(403, 404, 503),
)
def get_import(request: Request, import_id: str) -> "Response[str]":
    """Returns the progress of an import."""
    return imports.progress(application().upkeep.import_requests.get(import_id))


@api.get(
    "/v1/admin/imports/<import_id>/records",
    summary="List what became of the images of an import",
    scope=Scope.ADMIN,
    query="ImportRecordsQuery",
    answers={200: "ImportedRecords"},
    problems=(400, 403, 404, 503),
)
def list_import_records(request: Request, import_id: str) -> "Response[str]":
    """Lists the images of the source that were looked at, each with the id of its image or its error."""
    service = application().upkeep.import_requests
    query = request.query(ImportRecordsQuery)
    return imports.records(service.records(service.get(import_id), after=query.cursor, limit=query.limit))


@api.delete(
    "/v1/admin/imports/<import_id>",
    summary="Cancel an import",
    scope=Scope.ADMIN,
    answers={200: "Import"},
    problems=(403, 404, 409, 503),
)
def cancel_import(request: Request, import_id: str) -> "Response[str]":
    """Ends an import; the images that it has stored stay. One that has ended is returned as it is."""
    return imports.progress(application().upkeep.import_requests.cancel(import_id))


lambda_handler = api.handler()
