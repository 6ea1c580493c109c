"""Searches an owner's images by words or by similarity to one of them."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.images.sensitive import NOT_SEARCHED
from image_store.entrypoints.finding.pages import search_answer, similar_answer
from image_store.entrypoints.finding.query_schemas import SearchParameters, SimilarParameters
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Search")


@api.get(
    "/v1/search",
    summary="Search images",
    query="SearchParameters",
    answers={200: "SearchPage"},
    problems=(400, 503),
)
def search_images(request: Request) -> "Response[str]":
    """Finds your images by words in title, tags, filename, alternative text and prompt."""
    app = application()
    parameters = request.query(SearchParameters)
    page = app.finding.search.page(parameters.to_domain(request.owner), cursor=parameters.cursor)
    not_searched = NOT_SEARCHED if app.settings.encryption.seals_sensitive else ()
    return search_answer(app.answers, page, parameters.fields, not_searched=not_searched)


@api.get(
    "/v1/images/<image_id>/similar",
    summary="Find images that look like an image",
    query="SimilarParameters",
    answers={200: "SimilarImages"},
    problems=(400, 404, 503),
)
def list_similar_images(request: Request, image_id: str) -> "Response[str]":
    """Lists your images that look like this one, the most similar first."""
    app = application()
    limit = request.query(SimilarParameters).limit
    images = app.finding.similarity.similar(request.owner, image_id, limit=limit)
    return similar_answer(app.answers, images)


lambda_handler = api.handler()
