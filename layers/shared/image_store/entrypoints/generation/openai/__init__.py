"""OpenAI's images API on top of generation jobs; docs/openai.md is its contract.

`endpoint` verifies the caller and finds the route. `requests` reads a request, with the schemas of `request_schemas`,
`form` and `model_names`. `execution` runs its job, `answers` builds the response with its images, and `errors` gives
every error the shape that OpenAI's clients read.
"""
