"""Lists an owner's images."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.entrypoints.finding.pages import list_answer
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import query

api = http.create_api()


@api.get(
    "/v1/images",
    **http.operation(
        "List images", query="ImageListParameters", answers={200: "ImagePage"}, problems=(400, 503)
    ),
)
def list_images() -> "Response[str]":
    """Lists your images as cards, by default the newest first.

    A page may be short or empty while `next_cursor` is not null.
    """
    app = application()
    parameters = query(api, ImageListParameters)
    page = app.finding.lists.page(parameters.to_domain(http.caller(api)), cursor=parameters.cursor)
    return list_answer(app.answers, page, parameters.fields)


prepare()
lambda_handler = http.handler(api)
