"""What the API says of itself: health, OpenAPI document, docs page; and the web console."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints import http

# Health is asked for most often and needs nothing: whatever else a route needs is imported when it is called.

api = http.create_api()

HERE = Path(__file__).parent
DOCUMENT = HERE / "openapi.json"


@api.get("/v1/health", **http.operation("Ask whether the API answers", answers={200: "Health"}, public=True))
def get_health() -> "Response[str]":
    """Answers as long as the API does; it asks no other part."""
    return Response(200, "application/json", '{"status":"ok"}', headers={"Cache-Control": "no-store"})


@api.get(
    "/openapi.json",
    **http.operation(
        "Get this document", answers={200: "The document."}, media={200: "application/json"}, public=True
    ),
)
def get_openapi() -> "Response[str]":
    """Answers the document that you are reading."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(200, "application/json", DOCUMENT.read_text("utf-8"), headers=headers)


@api.get(
    "/docs",
    **http.operation("Read the docs page", answers={200: "The page."}, media={200: "text/html"}, public=True),
)
def get_docs() -> "Response[str]":
    """Shows the document as a page."""
    from image_store.entrypoints import docs

    return docs.page(DOCUMENT.read_text("utf-8"))


@api.get(
    "/",
    **http.operation(
        "Open the web console", answers={200: "The page."}, media={200: "text/html"}, public=True
    ),
)
def get_console() -> "Response[bytes]":
    """Opens the web console."""
    from image_store.bootstrap import application
    from image_store.entrypoints import console

    return console.of(HERE).page(application().settings, console.asked(api))


@api.get(
    "/assets/<file>",
    **http.operation(
        "Get a file of the console",
        answers={200: "The file.", 304: "The version named by If-None-Match is current."},
        headers=("If-None-Match",),
        media={200: "*/*"},
        problems=(404,),
        public=True,
    ),
)
def get_console_file(file: str) -> "Response[bytes]":
    """Answers a script, style sheet or picture of the web console."""
    from image_store.entrypoints import console

    return console.of(HERE).asset(file, console.asked(api))


@api.get(
    "/config.json",
    **http.operation("Get the console's settings", answers={200: "ConsoleSettings"}, public=True),
)
def get_config() -> "Response[str]":
    """Answers what a client has to know of the deployment: issuer, limits, presets."""
    from image_store.bootstrap import application
    from image_store.entrypoints import console

    return console.told(application().settings)


lambda_handler = http.handler(api)
