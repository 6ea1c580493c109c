"""Images from models: begins and shows jobs, shows providers, and stores owners' own keys. It calls no provider."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.generation import jobs, routes
from image_store.entrypoints.http import api as http
from image_store.entrypoints.images import answers

api = http.create_api()


@api.post("/v1/generations", **routes.BEGIN)
def create_generation() -> "Response[str]":
    app = application()
    return jobs.accepted(api, app.settings.api_url, *app.generation.jobs.begin(jobs.read_generation(api)))


@api.get("/v1/generations", **routes.LIST)
def list_generations() -> "Response[str]":
    query = jobs.read_page(api)
    page = application().generation.jobs.page(http.caller(api), cursor=query.cursor, limit=query.limit)
    return jobs.page(*page)


@api.get("/v1/generations/<job_id>", **routes.SEE)
def get_generation(job_id: str) -> "Response[str]":
    service, owner = application().generation.jobs, http.caller(api)
    return jobs.unchanged(api, service.job(owner, job_id)) or jobs.progress(*service.items(owner, job_id))


@api.post("/v1/generations/<job_id>/retry", **routes.RETRY)
def retry_generation(job_id: str) -> "Response[str]":
    app = application()
    return jobs.accepted(api, app.settings.api_url, *app.generation.jobs.retry(http.caller(api), job_id))


@api.delete("/v1/generations/<job_id>", **routes.CANCEL)
def cancel_generation(job_id: str) -> "Response[str]":
    return jobs.progress(*application().generation.jobs.cancel(http.caller(api), job_id))


@api.get("/v1/providers", **routes.PROVIDERS)
def list_providers() -> "Response[str]":
    return jobs.providers(application().generation.overview.read(http.caller(api)))


@api.put("/v1/provider-keys/<provider>", **routes.PUT_KEY)
def set_provider_key(provider: str) -> "Response[str]":
    application().generation.own_keys.store(http.caller(api), *jobs.read_key(api, provider))
    return answers.no_content()


@api.delete("/v1/provider-keys/<provider>", **routes.DELETE_KEY)
def delete_provider_key(provider: str) -> "Response[str]":
    application().generation.own_keys.delete(http.caller(api), jobs.read_provider(provider))
    return answers.no_content()


lambda_handler = http.handler(api)
