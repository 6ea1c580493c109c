"""What the API says of itself: health, OpenAPI document, docs page; and the web console."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints import http

# Health is asked for most often and needs nothing: whatever else a route needs is imported when it is called.

HERE = Path(__file__).parent
DOCUMENT = HERE / "openapi.json"

api = http.create_api(document=DOCUMENT)


@api.get("/v1/health", **http.operation("Ask whether the API answers", answers={200: "Health"}, public=True))
def health() -> "Response[str]":
    return Response(200, "application/json", '{"status":"ok"}', headers={"Cache-Control": "no-store"})


@api.get("/openapi.json", **http.operation("Get this document", answers={200: "OpenAPI 3.1"}, public=True))
def openapi() -> "Response[str]":
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(200, "application/json", DOCUMENT.read_text("utf-8"), headers=headers)


@api.get("/docs", **http.operation("Read the docs page", answers={200: "HTML"}, public=True))
def docs_page() -> "Response[str]":
    from image_store.entrypoints import docs

    return docs.page(DOCUMENT.read_text("utf-8"))


@api.get("/", **http.operation("Open the web console", answers={200: "HTML"}, public=True))
def console_page() -> "Response[bytes]":
    from image_store.bootstrap import application
    from image_store.entrypoints import console

    return console.of(HERE).page(application().settings, console.asked(api))


@api.get("/assets/<file>", **http.operation("Get a file of the console", answers={200: "File"}, public=True))
def console_file(file: str) -> "Response[bytes]":
    from image_store.entrypoints import console

    return console.of(HERE).asset(file, console.asked(api))


@api.get("/config.json", **http.operation("Get the console's settings", answers={200: "JSON"}, public=True))
def console_settings() -> "Response[str]":
    from image_store.bootstrap import application
    from image_store.entrypoints import console

    return console.told(application().settings)


lambda_handler = http.handler(api)
