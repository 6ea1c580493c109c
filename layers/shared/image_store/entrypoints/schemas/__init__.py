"""Requests and answers as models, by area: what is validated at a route, and what the OpenAPI document tells."""
