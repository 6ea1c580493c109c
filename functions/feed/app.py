"""Shows what is public to everybody."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.feed import FeedQuery as Feed
from image_store.entrypoints import http
from image_store.entrypoints.requests import query
from image_store.entrypoints.schemas.queries import FeedQuery

api = http.create_api()


@api.get(
    "/v1/feed",
    **http.operation(
        "See what is public",
        query="FeedQuery",
        answers={200: "FeedPage"},
        problems=(400, 503),
        public=True,
    ),
)
def list_feed() -> "Response[str]":
    """Lists the public images of all owners, the newest first."""
    app = application()
    asked = query(api, FeedQuery)
    page = app.feed.page(Feed(asked.limit), cursor=asked.cursor)
    address = http.api_url(api, app.settings.api_url)
    return app.answers.feed(page, api_url=address, details=app.settings.feed_details)


lambda_handler = http.handler(api)
