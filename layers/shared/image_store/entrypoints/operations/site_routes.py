"""How the routes of the API itself and of the console describe themselves."""

from image_store.entrypoints.http.api import operation

HEALTH = operation(
    "Ask whether the API answers",
    answers={200: "Health"},
    public=True,
    description="Answers as long as the API does; it asks no other part.",
)
OPENAPI = operation(
    "Get this document",
    answers={200: "The document."},
    media={200: "application/json"},
    public=True,
    description="Answers the document that you are reading.",
)
DOCS = operation(
    "Read the docs page",
    answers={200: "The page."},
    media={200: "text/html"},
    public=True,
    description="Shows the document as a page.",
)
CONSOLE = operation(
    "Open the web console",
    headers=("If-None-Match",),
    answers={200: "The page.", 304: "The version named by If-None-Match is current."},
    media={200: "text/html"},
    public=True,
    description="Opens the web console.",
)
FILE = operation(
    "Get a file of the console",
    headers=("If-None-Match",),
    answers={200: "The file.", 304: "The version named by If-None-Match is current."},
    media={200: "*/*"},
    problems=(404,),
    public=True,
    description="Answers a script, style sheet or picture of the web console.",
)
SETTINGS = operation(
    "Get the console's settings",
    answers={200: "ConsoleSettings"},
    public=True,
    description="Answers what a client has to know of the deployment: issuer, limits, presets.",
)
