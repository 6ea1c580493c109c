"""Generation jobs, providers and owners' provider keys. The function `generate` calls the providers, not this one."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.generation import jobs
from image_store.entrypoints.generation.request_schemas import JobQuery, JobsQuery
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers

api = Api("Generation")


@api.post(
    "/v1/generations",
    summary="Generate images",
    scope=Scope.WRITE_GENERATIONS,
    body="GenerationRequest",
    headers=("Idempotency-Key",),
    answers={202: "Job"},
    response_headers={202: ("Location",)},
    problems=(400, 402, 404, 409, 415, 422, 429, 502, 503),
)
def create_generation(request: Request) -> "Response[str]":
    """Begins a job that makes images. Its address is in `Location`."""
    app = application()
    job, items = app.generation.jobs.begin(jobs.read_generation(request))
    return jobs.accepted(job, items, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/generations",
    summary="List generation jobs",
    query="JobsQuery",
    answers={200: "JobPage"},
    problems=(400, 503),
)
def list_generations(request: Request) -> "Response[str]":
    """Lists your jobs, the newest first."""
    query, service = request.query(JobsQuery), application().generation.jobs
    return jobs.page(*service.page(request.owner, cursor=query.cursor, limit=query.limit))


@api.get(
    "/v1/generations/<job_id>",
    summary="See a generation job",
    query="JobQuery",
    headers=("If-None-Match",),
    answers={200: "Job", 304: "It has not changed."},
    problems=(404, 503),
)
def get_generation(request: Request, job_id: str) -> "Response[str]":
    """Returns the progress of a job, image by image."""
    query, service = request.query(JobQuery), application().generation.jobs
    job = service.job(request.owner, job_id)
    if request.client_has(jobs.etag(job)):
        return jobs.unchanged(job)
    items = service.items_with_requests if query.requests else service.items
    return jobs.progress(*items(request.owner, job_id), with_requests=query.requests)


@api.post(
    "/v1/generations/<job_id>/retry",
    summary="Retry a generation job",
    scope=Scope.WRITE_GENERATIONS,
    answers={202: "Job"},
    response_headers={202: ("Location",)},
    problems=(402, 404, 409, 429, 502, 503),
)
def retry_generation(request: Request, job_id: str) -> "Response[str]":
    """Makes the failed images of a job again."""
    app = application()
    begun = app.generation.jobs.retry(*jobs.retry_of(request, job_id))
    return jobs.accepted(*begun, api_url=request.api_url(app.settings.api_url))


@api.delete(
    "/v1/generations/<job_id>",
    summary="Cancel a generation job",
    scope=Scope.WRITE_GENERATIONS,
    answers={200: "Job"},
    problems=(404, 409, 503),
)
def cancel_generation(request: Request, job_id: str) -> "Response[str]":
    """Cancels images that have not begun; finished images stay."""
    return jobs.progress(*application().generation.jobs.cancel(request.owner, job_id))


@api.get(
    "/v1/providers",
    summary="See providers, models and prices",
    answers={200: "ProviderList"},
    problems=(503,),
)
def list_providers(request: Request) -> "Response[str]":
    """Lists providers with their models, limits, prices and health, and your spending."""
    return jobs.providers(application().generation.overview.read(request.owner))


@api.put(
    "/v1/provider-keys/<provider>",
    summary="Store a provider key",
    scope=Scope.WRITE_GENERATIONS,
    body="ProviderKeyRequest",
    answers={204: "The key is stored encrypted and never returned."},
    problems=(400, 404, 415, 503),
)
def set_provider_key(request: Request, provider: str) -> "Response[str]":
    """Stores a provider key of yours, encrypted. Your images are made with it from now on."""
    application().generation.own_keys.store(request.caller, *jobs.read_key(request, provider))
    return answers.no_content()


@api.delete(
    "/v1/provider-keys/<provider>",
    summary="Delete a provider key",
    scope=Scope.WRITE_GENERATIONS,
    answers={204: "The key is deleted."},
    problems=(400, 404, 503),
)
def delete_provider_key(request: Request, provider: str) -> "Response[str]":
    """Deletes your key. Your images are made with the key of the deployment again."""
    application().generation.own_keys.delete(request.caller, jobs.read_provider(provider))
    return answers.no_content()


lambda_handler = api.handler()
