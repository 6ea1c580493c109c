"""Returns what happened in the store, and waits for what happens next."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.events import answers
from image_store.entrypoints.events.schemas import EventsQuery
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Events")


@api.get(
    "/v1/events",
    summary="Read what happened",
    query="EventsQuery",
    answers={200: "EventPage"},
    problems=(400, 403, 503),
)
def list_events(request: Request) -> "Response[str]":
    """Returns events in the order in which they were recorded.

    Continue with `after`, the `next_cursor` of the page before, also when a page is empty. With `wait` a request for
    which there is no event waits for the next one. Events arrive at least once, and their order is not promised: keep
    the ids that you have handled, and compare `data.version` of an image. `scope=all` needs an admin.
    """
    app = application()
    query = answers.event_query(request.query(EventsQuery), request.caller)
    return answers.event_page(app.events.feed.read(query, deadline=request.deadline(app.clock)))


lambda_handler = api.handler()
