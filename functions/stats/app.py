"""Tells how much is stored."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.callers import admins
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import query
from image_store.entrypoints.operations.statistics import stats_answer
from image_store.entrypoints.operations.statistics_queries import Scope, StatsQuery

api = http.create_api()


@api.get(
    "/v1/stats",
    **http.operation(
        "Ask how much is stored",
        query="StatsQuery",
        answers={200: "Stats"},
        problems=(400, 403, 503),
    ),
)
def get_stats() -> "Response[str]":
    """Counts what is stored and what generation has cost; `scope=all` needs an admin."""
    app, owner = application(), http.caller(api)
    asked = query(api, StatsQuery)
    days = {"since": asked.first_day, "until": asked.end_day}
    if asked.scope is Scope.OWN:
        found = app.operations.reporting.of_owner(owner, **days)
    else:
        admins.check(api, app.settings.admins)
        found = app.operations.reporting.of_all(**days)
    return stats_answer(found, scope=asked.scope)


lambda_handler = http.handler(api)
