"""OpenAI's images API: a request becomes a generation job, and waits for its images."""

from typing import Any

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.generation.openai import answers, execution, model_names, requests
from image_store.entrypoints.generation.openai.endpoint import Endpoint
from image_store.entrypoints.http.request import Request

endpoint = Endpoint(lambda: application().callers.authorizer)


@endpoint.route("POST", "/images/generations", Scope.WRITE_GENERATIONS)
def create_images(request: Request) -> dict[str, Any]:
    return _answer(request, requests.read_generation(request).job(request))


@endpoint.route("POST", "/images/edits", Scope.WRITE_GENERATIONS, Scope.WRITE_IMAGES)
def edit_images(request: Request) -> dict[str, Any]:
    app, edit = application(), requests.read_edit(request)
    until = execution.deadline(request, app.clock)
    uploads = app.generation.reference_uploads
    image_ids = execution.store_references(request, edit.images, uploads, until=until)
    return _answer(request, edit.job(request, image_ids))


@endpoint.route("GET", "/models", Scope.WRITE_GENERATIONS)
def list_models(request: Request) -> dict[str, Any]:
    return model_names.page(application().generation.usable_models.of(request.owner))


@endpoint.route("GET", "/models/{model}", Scope.WRITE_GENERATIONS)
def get_model(request: Request, name: str) -> dict[str, Any]:
    return model_names.one(name, application().generation.usable_models.of(request.owner))


def _answer(request: Request, job: requests.ImagesJob) -> dict[str, Any]:
    app = application()
    service, until = app.generation.synchronous, execution.deadline(request, app.clock)
    result = execution.run(job, service, until=until)
    return answers.images_answer(result, job, api_url=app.settings.api_url, read=service.bytes_of)


lambda_handler = endpoint.handler()
