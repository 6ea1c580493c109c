"""An app with FastAPI and the library of Standard Webhooks that keeps a row about each image."""

from __future__ import annotations

import os
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

app = FastAPI()
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
store = httpx.AsyncClient(
    base_url=os.environ["IMAGE_STORE_URL"],
    headers={"Authorization": f"Bearer {os.environ['IMAGE_STORE_KEY']}"},
    timeout=30,
)
rows: dict[str, tuple[int, Any]] = {}


@app.post("/hooks", status_code=204)
async def hook(request: Request) -> None:
    """Receive an event."""
    try:
        event = webhook.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError as error:
        raise HTTPException(400) from error
    if event["type"].startswith("image."):
        image_id, version = event["data"]["image_id"], event["data"]["version"]
        answer = await store.get(f"/v1/images/{image_id}")
        image = None if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().json()
        if version >= rows.get(image_id, (0, None))[0]:
            rows[image_id] = (version, image)


@app.get("/images")
def images() -> list[Any]:
    """The images that exist."""
    return [image for _, image in rows.values() if image]
