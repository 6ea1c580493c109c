"""Lists an owner's images."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.entrypoints.finding.pages import list_answer
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
    parameters = request.query(ImageListParameters)
    page = app.finding.lists.page(parameters.to_domain(request.owner), cursor=parameters.cursor)
    return list_answer(app.answers, page, parameters.fields)


prepare()
lambda_handler = api.handler()
