"""What the API says of itself: health, OpenAPI document, docs page."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints import docs, http

api = http.create_api()

DOCUMENT = Path(__file__).with_name("openapi.json")


@api.get("/v1/health", **http.operation("Ask whether the API answers", answers={200: "Health"}, public=True))
def health() -> "Response[str]":
    return Response(200, "application/json", '{"status":"ok"}', headers={"Cache-Control": "no-store"})


@api.get("/openapi.json", **http.operation("Get this document", answers={200: "OpenAPI 3.1"}, public=True))
def openapi() -> "Response[str]":
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(200, "application/json", DOCUMENT.read_text("utf-8"), headers=headers)


@api.get("/docs", **http.operation("Read the docs page", answers={200: "HTML"}, public=True))
def docs_page() -> "Response[str]":
    return docs.page(DOCUMENT.read_text("utf-8"))


lambda_handler = http.handler(api)
