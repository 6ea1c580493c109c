"""The OpenAPI descriptions of the routes of generation."""

from image_store.entrypoints.http.api import operation

BEGIN = operation(
    "Generate images",
    body="GenerationRequest",
    headers=("Idempotency-Key",),
    answers={202: "Job"},
    problems=(400, 402, 404, 409, 415, 422, 429, 502, 503),
    description="Begins a job that makes images. Its address is in `Location`.",
)
LIST = operation(
    "List generation jobs",
    query="JobsQuery",
    answers={200: "JobPage"},
    problems=(400, 503),
    description="Lists your jobs, the newest first.",
)
SEE = operation(
    "See a generation job",
    headers=("If-None-Match",),
    answers={200: "Job", 304: "It has not changed."},
    problems=(404, 503),
    description="Returns the progress of a job, image by image.",
)
RETRY = operation(
    "Retry a generation job",
    answers={202: "Job"},
    problems=(402, 404, 409, 429, 502, 503),
    description="Makes the failed images of a job again.",
)
CANCEL = operation(
    "Cancel a generation job",
    answers={200: "Job"},
    problems=(404, 409, 503),
    description="Cancels images that have not begun; finished images stay.",
)
PROVIDERS = operation(
    "See providers, models and prices",
    answers={200: "ProviderList"},
    problems=(503,),
    description="Lists providers with their models, limits, prices and health, and your spending.",
)
PUT_KEY = operation(
    "Store a provider key",
    body="ProviderKeyRequest",
    answers={204: "The key is stored encrypted and never returned."},
    problems=(400, 404, 415, 503),
    description="Stores a provider key of yours, encrypted. Your images are made with it from now on.",
)
DELETE_KEY = operation(
    "Delete a provider key",
    answers={204: "The key is deleted."},
    problems=(400, 404, 503),
    description="Deletes your key. Your images are made with the key of the deployment again.",
)
