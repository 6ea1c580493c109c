"""How the routes for admins describe themselves."""

from image_store.entrypoints.http.api import operation

CLEAN = operation(
    "Run cleanup",
    body="CleanupRequest",
    answers={200: "CleanupReport"},
    problems=(400, 403, 415, 503),
    description="Removes what is due, or reports with `dry_run` what it would remove.",
)
REPORTS = operation(
    "List past runs of cleanup",
    query="ReportsQuery",
    answers={200: "CleanupReports"},
    problems=(400, 403, 503),
    description="Lists the reports of past runs, the newest first.",
)
REPAIR = operation(
    "Make missing renditions and public copies again",
    body="RepairRequest",
    answers={202: "Repair"},
    problems=(400, 403, 415, 503),
    description="Begins to make what records name and storage lacks; see it at `Location`.",
)
SEE_REPAIR = operation(
    "See a repair",
    answers={200: "Repair"},
    problems=(403, 404, 503),
    description="Answers how far a repair has come.",
)
