"""Reports how much is stored."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.statistics import stats_answer
from image_store.entrypoints.operations.statistics_queries import Scope, StatsQuery

api = Api("Statistics")


@api.get(
    "/v1/stats",
    summary="See how much is stored",
    query="StatsQuery",
    answers={200: "Stats"},
    problems=(400, 403, 503),
)
def get_stats(request: Request) -> "Response[str]":
    """Returns how much is stored and what generation has cost; `scope=all` needs an admin."""
    app, owner, query = application(), request.owner, request.query(StatsQuery)
    days = {"since": query.first_day, "until": query.end_day}
    if query.scope is Scope.OWN:
        return stats_answer(app.operations.statistics_reports.of_owner(owner, **days), scope=query.scope)
    request.check_admin(app.settings.admins)
    return stats_answer(app.operations.statistics_reports.of_all(**days), scope=query.scope)


lambda_handler = api.handler()
