"""The tools that generate images. They wait a while, and then answer with the job that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from image_store_client import ImageStoreError
from image_store_client.job_states import ENDED
from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import shorten, structured_result, without_nothing
from image_store_mcp.tools.descriptions import link_to
from image_store_mcp.tools.failures import ADVICE, FieldProblem, ToolError
from image_store_mcp.tools.models import usable_models
from image_store_mcp.tools.patience import Patience
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore
    from image_store_client.schemas import GenerationRequest, Job

MAX_VARIATIONS = 10
MAX_NAMES = 20
"""Of models in an error; each has fewer than 100 characters."""
WAIT_SECONDS = 20.0
"""The gateway of the store ends a request after 30 seconds."""
_PATIENCE = Patience(WAIT_SECONDS)
NEXT = "Not ready yet: call get_generation with this job_id."
_OF_THE_JOB = ("provider", "model")


def job_result(job: Job) -> ToolResult:
    """The answer about a job: its images so far, and why others failed. It has `job_id` until the job has ended."""
    ids = [each["image_id"] for each in job["items"] if each["image_id"] is not None]
    failures = [each["error"] for each in job["items"] if each["error"] is not None]
    goes_on = job["status"] not in ENDED

    def build(limit: int) -> dict[str, Any]:
        problems = [
            without_nothing(
                {
                    "code": each["code"],
                    "detail": shorten(each["detail"], min(limit, 300)),
                    "what_to_do": ADVICE.get(each["code"]),
                }
            )
            for each in failures
        ]
        return without_nothing(
            {
                "job_id": job["id"],
                "status": job["status"],
                "image_ids": ids,
                "errors": problems or None,
                "cost_usd": job["cost_usd"],
                "provider": job["provider"],
                "model": job["model"],
                "next": NEXT if goes_on else None,
            }
        )

    links = tuple(link_to({"id": image_id}) for image_id in ids[:MAX_VARIATIONS])
    return structured_result(build, links, job_id=job["id"] if goes_on else None)


def generation_tools(patience: Patience = _PATIENCE) -> tuple[Tool, ...]:
    """The tools, which wait as `patience` says."""

    def generate(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
        return job_result(patience.wait_for(_create_job(store, arguments), store.jobs.get))

    def start(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
        return job_result(_create_job(store, arguments))

    def get(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
        return job_result(patience.wait_for(store.jobs.get(arguments["job_id"]), store.jobs.get))

    return (
        Tool(
            name="generate_images",
            title="Generate images",
            description="Generate images from a prompt and, with reference_ids, from other images. It may cost money. "
            "After 20 seconds the answer is a job that goes on: call get_generation.",
            annotations=Annotations(open_world=True),
            input_schema=schemas.arguments(
                ("prompt",),
                prompt=schemas.TEXT,
                n=schemas.whole(1, MAX_VARIATIONS),
                size=schemas.with_description(schemas.TEXT, "like 1024x1024"),
                quality={"type": "string", "enum": ["low", "medium", "high", "xhigh", "max"]},
                reference_ids=schemas.TEXTS,
                provider=schemas.TEXT,
                model=schemas.TEXT,
                title=schemas.TEXT,
                tags=schemas.TEXTS,
                visibility=schemas.VISIBILITY,
            ),
            output_schema=_JOB,
            run=generate,
            start=start,
        ),
        Tool(
            name="get_generation",
            title="Get generation",
            description="Wait up to 20 seconds for a job, and read its state and the ids of its images.",
            annotations=Annotations(read_only=True),
            input_schema=schemas.arguments(("job_id",), job_id=schemas.TEXT),
            output_schema=_JOB,
            run=get,
        ),
    )


def _create_job(store: ImageStore, arguments: Mapping[str, Any]) -> Job:
    """Create the job; a model that cannot be used is an error with the names of those that can."""
    try:
        return store.jobs.create(_request_of(arguments))
    except ImageStoreError as failed:
        names = (
            _names_of_models(store, arguments.get("provider"))
            if _is_about_the_model(failed, arguments)
            else []
        )
        if not names:
            raise
        problem = (
            f"{failed.detail.split('. ')[0].rstrip('.')}; leave it out, or use one that what_to_do lists"
        )
        advice = f"Call the tool again without model, or with one of: {', '.join(names)}."
        raise ToolError(
            "The model cannot be used.", fields=[FieldProblem("model", problem)], advice=advice
        ) from failed


def _is_about_the_model(failed: ImageStoreError, arguments: Mapping[str, Any]) -> bool:
    """Whether the store refused an order as a whole that names a model; faults of other arguments name their fields."""
    return failed.code == "invalid_request" and not failed.errors and "model" in arguments


def _names_of_models(store: ImageStore, provider: str | None) -> list[str]:
    """The names that an error shows; none if the key may not read them."""
    try:
        return [model["name"] for _, model in usable_models(store, provider)][:MAX_NAMES]
    except ImageStoreError:
        return []


def _request_of(arguments: Mapping[str, Any]) -> GenerationRequest:
    item = {name: value for name, value in arguments.items() if name not in _OF_THE_JOB}
    job = {name: arguments[name] for name in _OF_THE_JOB if name in arguments}
    return cast("GenerationRequest", {"items": [item], **job})


_JOB = schemas.answer(job_id=schemas.TEXT, status=schemas.TEXT, image_ids=schemas.TEXTS)
