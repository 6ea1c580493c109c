"""Reports how much is stored and when it was made, and for admins by whom."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.owner_schemas import OwnersQuery
from image_store.entrypoints.operations.owners import owners_answer
from image_store.entrypoints.operations.statistics import stats_answer
from image_store.entrypoints.operations.statistics_queries import StatsQuery, StatsScope
from image_store.entrypoints.operations.timeline import timeline_answer
from image_store.entrypoints.operations.timeline_queries import TimelineQuery

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
    if query.scope is StatsScope.OWN:
        return stats_answer(app.operations.statistics_reports.of_owner(owner, **days), scope=query.scope)
    request.caller.check_scope(Scope.ADMIN)
    return stats_answer(app.operations.statistics_reports.of_all(**days), scope=query.scope)


@api.get(
    "/v1/timeline",
    summary="See which months have images",
    query="TimelineQuery",
    answers={200: "Timeline"},
    problems=(400, 503),
)
def get_timeline(request: Request) -> "Response[str]":
    """Returns the number of images of each month and day, the newest first.

    One response covers at least five years of days with images.
    """
    query = request.query(TimelineQuery)
    return timeline_answer(application().operations.timelines.of_owner(request.owner, before=query.before))


@api.get(
    "/v1/admin/owners",
    summary="List the owners of images",
    scope=Scope.ADMIN,
    query="OwnersQuery",
    answers={200: "Owners"},
    problems=(400, 403, 503),
)
def list_owners(request: Request) -> "Response[str]":
    """Lists everybody who has or had an image; new owners are listed within seconds."""
    query = request.query(OwnersQuery)
    return owners_answer(*application().operations.owner_list.page(cursor=query.cursor, limit=query.limit))


lambda_handler = api.handler()
