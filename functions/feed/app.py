"""Lists the public images of all owners."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.finding.feed import feed_answer, needs_details, public_fields
from image_store.entrypoints.finding.query_schemas import FeedParameters
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Links")


@api.get(
    "/v1/feed",
    summary="See what is public",
    query="FeedParameters",
    answers={200: "FeedPage"},
    problems=(400, 503),
    public=True,
)
def list_feed(request: Request) -> "Response[str]":
    """Lists the public images of all owners, the newest first."""
    app = application()
    settings, parameters = app.settings.feed, request.query(FeedParameters)
    public = public_fields(details=settings.shows_details, owners=settings.shows_owners)
    fields = parameters.fields or frozenset()
    with_details = needs_details(fields, public)
    page = app.finding.feed.page(parameters.to_domain(), cursor=parameters.cursor, with_details=with_details)
    return feed_answer(
        app.answers,
        page,
        fields=fields,
        public=public,
        details=settings.shows_details,
        api_url=request.api_url(app.settings.api_url),
        cache_for=settings.cache_lifetime,
    )


lambda_handler = api.handler()
