"""What admins may do to the whole store."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.upkeep import backups, repairs
from image_store.entrypoints.upkeep import request_schemas as schemas
from image_store.entrypoints.upkeep.cleanup import report_answer, reports_answer

api = Api("Administration")


@api.post(
    "/v1/admin/cleanup",
    summary="Run cleanup",
    scope=Scope.ADMIN,
    body="CleanupRequest",
    answers={200: "CleanupReport"},
    problems=(400, 403, 415, 503),
)
def run_cleanup(request: Request) -> "Response[str]":
    """Removes what is due, or reports with `dry_run` what it would remove."""
    app = application()
    options = request.json(schemas.CleanupRequest)
    report = app.upkeep.cleanup.run(
        until=request.deadline(app.clock),
        dry_run=options.dry_run,
        most_removals=options.max_deletions,
        on_demand=True,
    )
    return report_answer(report)


@api.get(
    "/v1/admin/cleanup/reports",
    summary="List past runs of cleanup",
    scope=Scope.ADMIN,
    query="ReportsQuery",
    answers={200: "CleanupReports"},
    problems=(400, 403, 503),
)
def list_cleanup_reports(request: Request) -> "Response[str]":
    """Lists the reports of past runs, the newest first."""
    app = application()
    return reports_answer(app.upkeep.cleanup.reports(limit=request.query(schemas.ReportsQuery).limit))


@api.post(
    "/v1/admin/repairs",
    summary="Make missing renditions and public copies again",
    scope=Scope.ADMIN,
    body="RepairRequest",
    answers={202: "Repair"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 415, 503),
)
def create_repair(request: Request) -> "Response[str]":
    """Begins to make the files that records name and storage lacks; the repair's address is in `Location`."""
    app = application()
    options = request.json(schemas.RepairRequest)
    job = app.upkeep.repair_requests.begin(image_ids=options.image_ids, dry_run=options.dry_run)
    return repairs.accepted(job, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/repairs/<repair_id>",
    summary="See a repair",
    scope=Scope.ADMIN,
    answers={200: "Repair"},
    problems=(403, 404, 503),
)
def get_repair(request: Request, repair_id: str) -> "Response[str]":
    """Returns the progress of a repair."""
    return repairs.progress(application().upkeep.repair_requests.get(repair_id))


@api.post(
    "/v1/admin/backups",
    summary="Back up, or verify the backup",
    scope=Scope.ADMIN,
    body="BackupRequest",
    answers={202: "Backup"},
    response_headers={202: ("Location",)},
    problems=(400, 403, 409, 415, 503),
)
def create_backup(request: Request) -> "Response[str]":
    """Begins a run of the backup besides those of the schedule, or a verification; its address is in `Location`."""
    app = application()
    job = backups.begin(request.json(schemas.BackupRequest), app.backup.requests)
    return backups.accepted(job, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/admin/backups",
    summary="List past runs of the backup",
    scope=Scope.ADMIN,
    query="BackupsQuery",
    answers={200: "Backups"},
    problems=(400, 403, 503),
)
def list_backups(request: Request) -> "Response[str]":
    """Lists the last runs and verifications, the newest first."""
    return backups.page(application().backup.requests.last(limit=request.query(schemas.BackupsQuery).limit))


@api.get(
    "/v1/admin/backups/<backup_id>",
    summary="See a run of the backup",
    scope=Scope.ADMIN,
    answers={200: "Backup"},
    problems=(403, 404, 503),
)
def get_backup(request: Request, backup_id: str) -> "Response[str]":
    """Returns the progress of a run."""
    return backups.progress(application().backup.requests.get(backup_id))


lambda_handler = api.handler()
