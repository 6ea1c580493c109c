"""How the routes of generation describe themselves."""

from image_store.entrypoints.http.api import operation

BEGIN = operation(
    "Generate images",
    body="GenerationRequest",
    headers=("Idempotency-Key",),
    answers={202: "Job"},
    problems=(400, 402, 404, 409, 415, 422, 429, 502, 503),
    description="Begins a job that makes images; see it at `Location`.",
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
    description="Answers how far a job has come, image by image.",
)
RETRY = operation(
    "Generate again what failed",
    answers={202: "Job"},
    problems=(402, 404, 409, 429, 502, 503),
    description="Makes the failed images of a job again.",
)
CANCEL = operation(
    "Cancel a generation job",
    answers={200: "Job"},
    problems=(404, 409, 503),
    description="Stops what has not begun; images that are made stay.",
)
PROVIDERS = operation(
    "See providers, models and prices",
    answers={200: "ProviderList"},
    problems=(503,),
    description="Lists providers with their models, limits, prices and health, and your spending.",
)
PUT_KEY = operation(
    "Bring a key of your own",
    body="ProviderKeyRequest",
    answers={204: "The key is kept, encrypted, and never read back."},
    problems=(400, 404, 415, 503),
    description="Keeps a key of your own, encrypted; your images are made with it from now on.",
)
DELETE_KEY = operation(
    "Take your key back",
    answers={204: "There is no key any more."},
    problems=(400, 404, 503),
    description="Deletes your key; your images are made with the deployment's again.",
)
