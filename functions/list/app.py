"""Lists an owner's images."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.entrypoints.finding.queries import list_query, page_fields
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Images")


@api.get(
    "/v1/images",
    summary="List images",
    query="ImageListParameters",
    answers={200: "ImagePage"},
    problems=(400, 503),
)
def list_images(request: Request) -> "Response[str]":
    """Lists your images as cards, by default the newest first.

    A page may be short or empty while `next_cursor` is not null.
    """
    app = application()
    parameters, owner = request.query(ImageListParameters), request.owner
    page = app.finding.lists.page(list_query(owner, parameters), cursor=parameters.cursor)
    fields = page_fields(app.answers, lambda: app.finding.card_completion, owner, page, parameters.fields)
    return app.answers.page(page, fields)


prepare()
lambda_handler = api.handler()
