"""Builds the response with months."""

import json

from aws_lambda_powertools.event_handler import Response

from image_store.domain.finding.timeline import Timeline
from image_store.entrypoints.http.request import JSON


def timeline_answer(timeline: Timeline) -> "Response[str]":
    """200 with months, the newest first."""
    end = timeline.continues_before
    body = {
        "items": [
            {
                "month": f"{month.first_day:%Y-%m}",
                "images": month.images,
                "days": {f"{day:%d}": images for day, images in month.days.items()},
            }
            for month in timeline.months
        ],
        "next_cursor": None if end is None else f"{end:%Y-%m}",
    }
    text = json.dumps(body, separators=(",", ":"))
    return Response(200, JSON, text, headers={"Cache-Control": "private, no-store"})
