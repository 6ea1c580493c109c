"""Builds the response with the health of all parts."""

import json
from collections.abc import Mapping

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints.http.request import JSON
from image_store.services.operations.health import ComponentHealth, ComponentStatus, overall_status


def health_answer(components: Mapping[str, ComponentHealth]) -> "Response[str]":
    """200 with the health of each component, or 503 if one is down."""
    status = overall_status(components)
    body = {name: {"status": each.status, "detail": each.detail} for name, each in components.items()}
    return Response(
        503 if status is ComponentStatus.DOWN else 200,
        JSON,
        json.dumps({"status": status, "components": body}),
        headers={"Cache-Control": "no-store"},
    )
