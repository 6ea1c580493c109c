"""Runs the job of a request: stores the images of an edit first, then waits for the job to end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from image_store.domain.callers.credential import CallerCredential
from image_store.domain.errors import ImageStoreError, InvalidToken, ProviderFailed
from image_store.domain.generation.requests import NewReference
from image_store.entrypoints.generation.openai.errors import error_for, unknown_model
from image_store.entrypoints.generation.openai.model_names import AUTO
from image_store.entrypoints.generation.openai.requests import ImagesJob
from image_store.entrypoints.http.request import Request
from image_store.ports.generation import ReferenceUploads
from image_store.ports.system import Clock
from image_store.services.generation.synchronous import GenerationResult, SynchronousGeneration

READING = timedelta(seconds=16)
"""What reading the images takes at most after the wait, and what keeps answers within five minutes: then Node's clients
give up."""


def deadline(request: Request, clock: Clock) -> datetime:
    """Until when a request may wait for its images."""
    return request.deadline(clock) - READING


def store_references(
    request: Request, images: Sequence[NewReference], uploads: ReferenceUploads, *, until: datetime
) -> tuple[str, ...]:
    """Store the images of an edit and return their ids; EndpointError names the parameter of one that was refused."""
    # Read and written anew: what surrounds a credential may fit into no header.
    credential = CallerCredential(request.credential, request.named_owner)
    try:
        return tuple(uploads.store(image, credential=credential, until=until) for image in images)
    except InvalidToken:
        raise
    except ImageStoreError as error:
        raise error_for(error, param="image") from error


def run(job: ImagesJob, generation: SynchronousGeneration, *, until: datetime) -> GenerationResult:
    """Begin the job and wait for its end; EndpointError if nobody has a key for the named model."""
    try:
        return generation.run(job.request, until=until)
    except ProviderFailed:
        if job.model_name in {None, AUTO}:
            raise
        raise unknown_model(str(job.model_name)) from None
