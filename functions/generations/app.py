"""Images from models: begins jobs, tells of them and of providers, and takes owners' own keys. Calls no provider."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints import answers, generation_routes, generations, http

api = http.create_api()


@api.post("/v1/generations", **generation_routes.BEGIN)
def create_generation() -> "Response[str]":
    app = application()
    found = app.generation_requests.begin(generations.read_generation(api))
    return generations.accepted(api, app.settings, *found)


@api.get("/v1/generations", **generation_routes.LIST)
def list_generations() -> "Response[str]":
    asked = generations.read_page(api)
    found = application().generation_requests.page(http.caller(api), cursor=asked.cursor, limit=asked.limit)
    return generations.page(*found)


@api.get("/v1/generations/<job_id>", **generation_routes.SEE)
def get_generation(job_id: str) -> "Response[str]":
    wanted, owner = application().generation_requests, http.caller(api)
    unchanged = generations.unchanged(api, wanted.job(owner, job_id))
    return unchanged or generations.progress(*wanted.items(owner, job_id))


@api.post("/v1/generations/<job_id>/retry", **generation_routes.RETRY)
def retry_generation(job_id: str) -> "Response[str]":
    app = application()
    return generations.accepted(api, app.settings, *app.generation_requests.retry(http.caller(api), job_id))


@api.delete("/v1/generations/<job_id>", **generation_routes.CANCEL)
def cancel_generation(job_id: str) -> "Response[str]":
    return generations.progress(*application().generation_requests.cancel(http.caller(api), job_id))


@api.get("/v1/providers", **generation_routes.PROVIDERS)
def list_providers() -> "Response[str]":
    return generations.providers(application().provider_overview.tell(http.caller(api)))


@api.put("/v1/provider-keys/<provider>", **generation_routes.PUT_KEY)
def set_provider_key(provider: str) -> "Response[str]":
    application().provider_keys.put(http.caller(api), *generations.read_key(api, provider))
    return answers.no_content()


@api.delete("/v1/provider-keys/<provider>", **generation_routes.DELETE_KEY)
def delete_provider_key(provider: str) -> "Response[str]":
    application().provider_keys.remove(http.caller(api), generations.read_provider(provider))
    return answers.no_content()


lambda_handler = http.handler(api)
