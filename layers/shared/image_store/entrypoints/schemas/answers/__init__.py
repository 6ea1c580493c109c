"""Models of answers, which the OpenAPI document tells of; no function loads them."""
