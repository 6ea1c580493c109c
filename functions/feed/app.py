"""Lists the public images of all owners."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.finding.feed import feed_answer, needs_details, shown_fields
from image_store.entrypoints.finding.query_schemas import FeedParameters
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import query

api = http.create_api()


@api.get(
    "/v1/feed",
    **http.operation(
        "See what is public",
        query="FeedParameters",
        answers={200: "FeedPage"},
        problems=(400, 503),
        public=True,
    ),
)
def list_feed() -> "Response[str]":
    """Lists the public images of all owners, the newest first."""
    app = application()
    settings, parameters = app.settings.feed, query(api, FeedParameters)
    shown = shown_fields(details=settings.shows_details, owners=settings.shows_owners)
    fields = parameters.fields or frozenset()
    with_details = needs_details(fields, shown)
    return feed_answer(
        app.answers,
        app.finding.feed.page(parameters.to_domain(), cursor=parameters.cursor, with_details=with_details),
        fields=fields,
        shown=shown,
        details=settings.shows_details,
        api_url=http.api_url(api, app.settings.api_url),
        cache_for=settings.cache_lifetime,
    )


lambda_handler = http.handler(api)
