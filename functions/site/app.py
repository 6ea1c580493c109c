"""Serves health, the OpenAPI document, the docs page and the web console."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

# Health is requested most often and needs nothing: other routes import what they need when they are called.

HERE = Path(__file__).parent
DOCUMENT = HERE / "openapi.json"

api = Api("Service", document=DOCUMENT)


@api.get("/v1/health", summary="Check whether the API answers", answers={200: "Health"}, public=True)
def get_health(_: Request) -> "Response[str]":
    """Answers as long as the API does; it checks no other part."""
    return Response(200, "application/json", '{"status":"ok"}', headers={"Cache-Control": "no-store"})


@api.get(
    "/openapi.json",
    summary="Get this document",
    answers={200: "The document."},
    media={200: "application/json"},
    public=True,
)
def get_openapi(_: Request) -> "Response[str]":
    """Returns the document that you are reading."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(200, "application/json", DOCUMENT.read_text("utf-8"), headers=headers)


@api.get(
    "/docs",
    summary="Read the docs page",
    answers={200: "The page."},
    media={200: "text/html"},
    public=True,
)
def get_docs(_: Request) -> "Response[str]":
    """Shows the document as a page."""
    from image_store.entrypoints.operations import docs

    return docs.page(DOCUMENT.read_text("utf-8"))


@api.get(
    "/",
    summary="Open the web console",
    headers=("If-None-Match",),
    answers={200: "The page.", 304: "The version named by If-None-Match is current."},
    media={200: "text/html"},
    public=True,
)
def get_console(request: Request) -> "Response[bytes]":
    """Opens the web console."""
    from image_store.bootstrap import application
    from image_store.entrypoints.operations import console

    return console.of(HERE).page(application().operations.console_settings, request)


@api.get(
    "/assets/<file>",
    summary="Get a file of the console",
    headers=("If-None-Match",),
    answers={200: "The file.", 304: "The version named by If-None-Match is current."},
    media={200: "*/*"},
    problems=(404,),
    public=True,
)
def get_console_file(request: Request, file: str) -> "Response[bytes]":
    """Returns a script, style sheet or picture of the web console."""
    from image_store.entrypoints.operations import console

    return console.of(HERE).asset(file, request)


@api.get(
    "/config.json",
    summary="Get the console's settings",
    answers={200: "ConsoleSettings"},
    problems=(503,),
    public=True,
)
def get_config(request: Request) -> "Response[str]":
    """Returns what a client has to know about the deployment: issuer, limits, presets, addresses."""
    from image_store.bootstrap import application
    from image_store.entrypoints.callers.protected_resource import MCP_PATH
    from image_store.entrypoints.operations import console

    app = application()
    api_url = request.api_url(app.settings.api_url)
    addresses = console.Addresses(
        api_url=api_url, mcp_url=f"{api_url}{MCP_PATH}", openai_url=app.operations.openai_url()
    )
    return console.settings_response(app.operations.console_settings, addresses)


lambda_handler = api.handler()
