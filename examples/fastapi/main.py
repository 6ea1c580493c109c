"""A backend that stores, shows and generates images for its users; the API key stays here."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.sse import EventSourceResponse
from fastapi.templating import Jinja2Templates

from image_store_client import ImageStoreError
from store import Store, open_store

STATUSES_FOR_USERS = {400, 402, 404, 409, 413, 415, 429, 503}
"""What users can do something about. All other failures are for the log."""
templates = Jinja2Templates(Path(__file__).parent)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with open_store() as app.state.store:
        yield


def forbid_other_sites(request: Request) -> None:
    """Refuse what the page of another site sends: browsers send the user's cookies with it."""
    is_read = request.method in {"GET", "HEAD"}
    if not is_read and request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise HTTPException(403, "This page belongs to another site.")


app = FastAPI(lifespan=lifespan, dependencies=[Depends(forbid_other_sites)])


@app.exception_handler(ImageStoreError)
async def answer_error(_: Request, error: ImageStoreError) -> JSONResponse:
    if error.status not in STATUSES_FOR_USERS:
        logging.getLogger("uvicorn.error").error(error)
        return JSONResponse({"detail": "Something went wrong."}, 500)
    return JSONResponse({"detail": error.detail, "code": error.code}, error.status)


@app.get("/")
async def gallery(request: Request, store: Store) -> Response:
    page = await store.images.list(page_size=24).page()
    share = await store.share(all=True, expires_in=3600, name="Gallery", reuse=True)
    return templates.TemplateResponse(request, "gallery.html", {"images": page.items, "share": share})


@app.post("/images")
async def upload(store: Store, file: UploadFile, alt_text: Annotated[str, Form()] = "") -> RedirectResponse:
    await store.upload(file.file, filename=file.filename, alt_text=alt_text or None)
    return RedirectResponse("/", status_code=303)


@app.post("/jobs", status_code=202)
async def generate(store: Store, prompt: Annotated[str, Form()]) -> dict[str, str]:
    job = await store.jobs.create(prompt)
    return {"id": job["id"]}


async def known_job(store: Store, job_id: str) -> str:
    """Answer 404 for an unknown job: once events are sent, it is too late for that."""
    return (await store.jobs.get(job_id))["id"]


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def follow(store: Store, job_id: Annotated[str, Depends(known_job)]) -> AsyncIterator[dict[str, Any]]:
    """Send the job now and after each change, until it has ended."""
    async for job in store.jobs.watch(job_id):
        yield {"status": job["status"], "progress": job["progress"]}
