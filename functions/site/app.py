"""Serve health, the OpenAPI document, the docs page and the web console."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints.http import api as http
from image_store.entrypoints.operations import site_routes

# Health is requested most often and needs nothing: other routes import what they need when they are called.

HERE = Path(__file__).parent
DOCUMENT = HERE / "openapi.json"

api = http.create_api(document=DOCUMENT)


@api.get("/v1/health", **site_routes.HEALTH)
def get_health() -> "Response[str]":
    return Response(200, "application/json", '{"status":"ok"}', headers={"Cache-Control": "no-store"})


@api.get("/openapi.json", **site_routes.OPENAPI)
def get_openapi() -> "Response[str]":
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(200, "application/json", DOCUMENT.read_text("utf-8"), headers=headers)


@api.get("/docs", **site_routes.DOCS)
def get_docs() -> "Response[str]":
    from image_store.entrypoints.operations import docs

    return docs.page(DOCUMENT.read_text("utf-8"))


@api.get("/", **site_routes.CONSOLE)
def get_console() -> "Response[bytes]":
    from image_store.bootstrap import application
    from image_store.entrypoints.operations import console

    return console.of(HERE).page(application().operations.console_settings, console.file_request(api))


@api.get("/assets/<file>", **site_routes.FILE)
def get_console_file(file: str) -> "Response[bytes]":
    from image_store.entrypoints.operations import console

    return console.of(HERE).asset(file, console.file_request(api))


@api.get("/config.json", **site_routes.SETTINGS)
def get_config() -> "Response[str]":
    from image_store.bootstrap import application
    from image_store.entrypoints.operations import console

    return console.settings_response(application().operations.console_settings)


lambda_handler = http.handler(api)
