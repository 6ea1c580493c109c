"""Builds the response with the health of all parts."""

import json
from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints.http.request import JSON
from image_store.services.operations.health import ComponentHealth, ComponentStatus, overall_status


def health_answer(components: Mapping[str, ComponentHealth]) -> "Response[str]":
    """200 while every part that is needed answers, 503 if one is down."""
    status = overall_status(components)
    parts = {name: {"status": part.status, "detail": part.detail} for name, part in components.items()}
    return Response(
        503 if status is ComponentStatus.DOWN else 200,
        JSON,
        json.dumps({"status": status, "components": parts}),
        headers={"Cache-Control": "no-store"},
    )
