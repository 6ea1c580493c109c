"""What admins may do to the whole store."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import Application, application
from image_store.entrypoints.callers import admins
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import json_body, query
from image_store.entrypoints.upkeep import repairs, routes
from image_store.entrypoints.upkeep.cleanup import report_answer, reports_answer
from image_store.entrypoints.upkeep.cleanup_schemas import CleanupRequest, ReportsQuery

api = http.create_api()


@api.post("/v1/admin/cleanup", **routes.CLEAN)
def run_cleanup() -> "Response[str]":
    app = _application_of_admin()
    asked = json_body(api, CleanupRequest)
    until = deadline(api.lambda_context, app.clock)
    report = app.upkeep.cleanup.run(
        until=until, dry_run=asked.dry_run, most_removals=asked.max_deletions, on_demand=True
    )
    return report_answer(report)


@api.get("/v1/admin/cleanup/reports", **routes.REPORTS)
def list_cleanup_reports() -> "Response[str]":
    app = _application_of_admin()
    return reports_answer(app.upkeep.cleanup.reports(limit=query(api, ReportsQuery).limit))


@api.post("/v1/admin/repairs", **routes.REPAIR)
def create_repair() -> "Response[str]":
    app = _application_of_admin()
    job = repairs.begin(api, app.upkeep.repair_requests)
    return repairs.accepted(job, api_url=http.api_url(api, app.settings.api_url))


@api.get("/v1/admin/repairs/<repair_id>", **routes.SEE_REPAIR)
def get_repair(repair_id: str) -> "Response[str]":
    return repairs.progress(_application_of_admin().upkeep.repair_requests.get(repair_id))


def _application_of_admin() -> Application:
    app = application()
    admins.check(api, app.settings.admins)
    return app


lambda_handler = http.handler(api)
