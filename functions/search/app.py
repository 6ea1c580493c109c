"""Searches an owner's images by words."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints import http
from image_store.entrypoints.requests import query, search_query
from image_store.entrypoints.schemas import SearchQuery

api = http.create_api()


@api.get(
    "/v1/search",
    **http.operation("Search images", query="SearchQuery", answers={200: "ImagePage"}, problems=(400, 503)),
)
def search() -> "Response[str]":
    app = application()
    asked = query(api, SearchQuery)
    page = app.searching.page(search_query(http.caller(api), asked), cursor=asked.cursor)
    return app.answers.page(page)


lambda_handler = http.handler(api)
