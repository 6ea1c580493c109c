"""A first visit to the web console on a slow phone, by somebody who has ten thousand images.

Chromium's own throttling makes the phone: its preset "Slow 4G" and a processor four times slower. The store answers
from this machine with its functions warm, so what is told is what the console costs: round trips, bytes and work, not
the network that a deployment has beside them.
"""

import json
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.images import records
from image_store.domain.finding.projection import IMAGES, Rebuild
from image_store.domain.ids import uuid7
from image_store.domain.images.image import Image
from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement
from tests.benchmarks.sample import OWNER, sample_image
from tests.chromium import chromium_path
from tests.e2e.conftest import Stack
from tests.e2e.console.clicks import Clicks, add_tag, copy_embed_code, publish
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.many_images import NEWEST, ManyImages
from tests.e2e.test_images import upload
from tests.pictures import jpeg

MANY = 10_000
VISITS = 5
PHONE: ViewportSize = {"width": 360, "height": 740}
CPU_SLOWDOWN = 4
# "Slow 4G" of Chromium's developer tools: 1.6 Mbit/s down, 750 kbit/s up, 150 ms, each as the tools apply it.
SLOW_4G = {
    "offline": False,
    "latency": 150 * 3.75,
    "downloadThroughput": 1_600_000 / 8 * 0.9,
    "uploadThroughput": 750_000 / 8 * 0.9,
}
SEEN = 100
"""How many of the newest images have a thumbnail in storage: more than a first visit shows."""
SHOWN_MS = 60_000
TICKS = """document.addEventListener("load", ({ target }) => {
  if (target.tagName === "IMG" && target.closest?.(".tile")) window.firstThumbAt ??= performance.now();
}, true)"""
ROWS_A_BATCH = 25
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
TALL: ViewportSize = {"width": 1280, "height": 1700}
SELECTING = "selecting"
SELECTED = 20
PIXELS_A_FRAME = 120
VERY_MANY = 100_000
PIXELS_A_STEP = 2_500
"""Less than what the gallery loads around the screen."""
APART = timedelta(hours=1)
"""Between two images: ten thousand are of fourteen months."""
SCROLL = """async ({ images, step }) => {
  const frames = [];
  let most = 0, last = performance.now();
  const isOver = () => document.body.innerText.includes(`That is all: ${images.toLocaleString("en")} images.`);
  for (let count = 0; !isOver() || scrollY + innerHeight < document.body.scrollHeight - 2; count += 1) {
    scrollBy(0, isOver() || count < 600 ? step : 20 * step);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    if (count % 20 === 0) most = Math.max(most, document.querySelectorAll("*").length);
    if (count > 30_000) throw new Error("the gallery came to no end");
  }
  return { most, frames };
}"""
THROUGH = """async (step) => {
  let most = 0;
  const frame = () => new Promise(requestAnimationFrame);
  while (scrollY + innerHeight < document.documentElement.scrollHeight - 2) {
    scrollBy(0, step);
    for (let count = 0; count < 3; count += 1) await frame();
    while (document.querySelector(".gallery").ariaBusy === "true") await frame();
    most = Math.max(most, document.querySelectorAll("*").length);
  }
  return most;
}"""
JUMP = """async ([x, y]) => {
  const begun = performance.now();
  const bar = document.querySelector(".scrubber");
  const at = { clientX: x, clientY: y, pointerId: 1, bubbles: true, isPrimary: true };
  bar.setPointerCapture = () => null; // of a pointer that is not real
  bar.dispatchEvent(new PointerEvent("pointerdown", at));
  bar.dispatchEvent(new PointerEvent("pointerup", at));
  const isSeen = (tile) => tile.getBoundingClientRect().top < innerHeight && tile.getBoundingClientRect().bottom > 64;
  do await new Promise(requestAnimationFrame);
  while (![...document.querySelectorAll(".tile.is-loaded")].some(isSeen));
  return performance.now() - begun;
}"""
OPEN = """async () => {
  const link = [...document.querySelectorAll(".tile a")].at(-1);
  const begun = performance.now();
  link.click();
  while (!document.querySelector("dialog.viewer[open]")) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""


def measure(_: Path) -> Iterator[Measurement]:
    """Fill a stack, warm it with one visit, and visit it some times more, each with an empty cache."""
    path = chromium_path()
    if path is None:
        print("  there is no Chromium on this machine: install it to have these figures")
        return
    with tempfile.TemporaryDirectory() as scratch:
        stack = Stack(port=any_free_port(), state=Path(scratch))
        stack.start()
        try:
            fill(stack, MANY)
            with (
                sync_playwright() as playwright,
                playwright.chromium.launch(executable_path=path) as browser,
            ):
                visit(browser, stack)
                visits = [visit(browser, stack) for _ in range(VISITS)]
                scrolled = scroll(browser, stack)
                very_many = through_very_many(browser, stack)
                clicks = count_clicks(browser, stack)
        finally:
            stack.stop()
    yield from _told(visits)
    yield Measurement("console_10k_elements", scrolled.most_elements, "elements", 600, "the most at any time")
    detail = f"median while scrolling through {MANY} images"
    yield Measurement("console_10k_fps", 1_000 / scrolled.frame_ms, "frames/s", 50, detail, at_least=True)
    yield Measurement(
        "console_10k_viewer_ms", scrolled.viewer_ms, "ms", 200, "from the click to the open view"
    )

    detail = f"the most at any time while scrolling through {VERY_MANY}"
    yield Measurement("console_100k_elements", very_many.most_elements, "elements", 600, detail)
    detail = f"JavaScript's memory after scrolling through {VERY_MANY}"
    yield Measurement("console_100k_heap_mb", very_many.heap_mb, "MB", 40, detail)
    detail = "median, from a press on the bar of dates to the first picture of that month"
    yield Measurement("console_100k_jump_ms", very_many.jump_ms, "ms", 1_000, detail)

    for name, (number, bar) in clicks.items():
        detail = "clicks and keys; a word that is typed is one"
        yield Measurement(f"console_clicks_{name}", number, "clicks", bar, detail)


@dataclass(frozen=True, slots=True)
class Scrolling:
    """What scrolling through the whole gallery took."""

    most_elements: int
    frame_ms: float
    """Median time between two frames."""
    viewer_ms: float


def scroll(browser: Browser, stack: Stack) -> Scrolling:
    """Scroll from the first image to the last, at some screens a second, and open one of the last."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.add_init_script(_session(stack))
    page.goto(stack.api_url, wait_until="commit")
    page.locator(".tile.is-loaded").first.wait_for(timeout=SHOWN_MS)
    figures = page.evaluate(SCROLL, {"images": MANY, "step": PIXELS_A_FRAME})
    opened = page.evaluate(OPEN)
    context.close()
    return Scrolling(figures["most"], statistics.median(figures["frames"]), opened)


@dataclass(frozen=True, slots=True)
class VeryMany:
    """What a gallery of images took whose answers are computed here."""

    most_elements: int
    heap_mb: float
    jump_ms: float


def through_very_many(browser: Browser, stack: Stack) -> VeryMany:
    """Scroll through a hundred thousand images so that each is loaded, and jump to some months."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(0)
    page.add_init_script(_session(stack))
    ManyImages(VERY_MANY).put_into(page)
    page.goto(stack.api_url, wait_until="commit")
    bar = page.locator(".scrubber")
    bar.wait_for(timeout=SHOWN_MS)
    most = page.evaluate(THROUGH, PIXELS_A_STEP)
    developer = context.new_cdp_session(page)
    developer.send("HeapProfiler.collectGarbage")
    heap = developer.send("Runtime.getHeapUsage")["usedSize"]
    box = bar.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    jumps = [page.evaluate(JUMP, [x, box["y"] + box["height"] * part]) for part in (0.1, 0.7, 0.3, 0.9, 0.5)]
    context.close()
    return VeryMany(most, heap / 1_000_000, statistics.median(jumps))


def count_clicks(browser: Browser, stack: Stack) -> dict[str, tuple[int, int]]:
    """Do each task of a day, see that it is done, and answer the clicks that it took and may take."""
    with stack.http(SELECTING) as client:
        stored = [
            upload(client, landscape_jpeg(number, size=(240, 160)), alt_text=f"Hill {number}")
            for number in range(SELECTED)
        ]
        page = _opened(browser, stack, SELECTING)
        publishing = publish(page, SELECTED)
        page.get_by_text(f"{SELECTED} images are now public").wait_for(timeout=SHOWN_MS)
        assert len(client.get("/v1/images", params={"visibility": "public"}).json()["items"]) == SELECTED
        page.keyboard.press("Escape")
        tagging = add_tag(page, SELECTED, "hills")
        page.get_by_text(f"Tags of {SELECTED} images changed").wait_for(timeout=SHOWN_MS)
        assert {*client.get(f"/v1/images/{stored[0]['id']}").json()["tags"]} == {"hills"}
        page.keyboard.press("Escape")
        embedding = copy_embed_code(page)
        page.get_by_text("HTML copied").wait_for(timeout=SHOWN_MS)
        page.context.close()
    return {
        "publish_20": (publishing, 5),
        "tag_20": (tagging, 6),
        "find_month": (_find_march_2024(browser, stack), 2),
        "embed_code": (embedding, 3),
    }


def _find_march_2024(browser: Browser, stack: Stack) -> int:
    page = _opened(browser, stack, OWNER, images=ManyImages(VERY_MANY))
    bar = page.locator(".scrubber")
    bar.wait_for(timeout=SHOWN_MS)
    box = bar.bounding_box()
    assert box is not None
    clicks = Clicks(page)
    for height in range(2, int(box["height"]), 2):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + height)
        if (bar.get_attribute("aria-valuetext") or "").startswith("March 2024,"):
            clicks.click(bar, position={"x": box["width"] / 2, "y": height})
            break
    page.get_by_role("heading", name="March 2024").first.wait_for(timeout=SHOWN_MS)
    page.locator(".tile.is-loaded").first.wait_for(timeout=SHOWN_MS)
    page.context.close()
    return clicks.count


def _opened(browser: Browser, stack: Stack, owner: str, *, images: ManyImages | None = None) -> Page:
    """The gallery of an owner in a window that shows all that is selected here."""
    context = browser.new_context(viewport=TALL, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.add_init_script(_session(stack, owner))
    if images is not None:
        images.put_into(page)
    page.goto(stack.api_url, wait_until="commit")
    page.locator(".tile.is-loaded").first.wait_for(timeout=SHOWN_MS)
    return page


def _session(stack: Stack, owner: str = OWNER) -> str:
    """What the page keeps of somebody who is signed in."""
    session = {"token": stack.token(owner), "expires": round(time.time() * 1000) + 3_600_000}
    return f"sessionStorage.setItem('image-store.session', {json.dumps(json.dumps(session))});"


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit took; bytes by kind of resource, as they travelled with their headers, and unpacked."""

    first_thumb_ms: float
    requests: int
    travelled: dict[str, int]
    unpacked: dict[str, int]


def fill(stack: Stack, images: int) -> None:
    """Let the samples' owner have images, by the rows that the store's own code makes of them.

    The stream is cut before: nothing but the list and the timeline is asked for here, and to project ten thousand
    images would take minutes of the same processor. The figures of the days are written as the projector writes them.
    """
    functions = stack.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":dynamodb:" in mapping["EventSourceArn"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    made_records = [
        _dated(sample_image(index), NEWEST - APART * (images - 1 - index)) for index in range(images)
    ]
    table, database = stack.described["table"], stack.client("dynamodb")
    for some in batched(made_records, ROWS_A_BATCH, strict=False):
        rows = [records.rows_of(image)[keys.image(image.record.id), keys.META] for image in some]
        requests = [{"PutRequest": {"Item": row}} for row in rows]
        answer = database.batch_write_item(RequestItems={table: requests})
        assert not answer["UnprocessedItems"]
    days = Counter(f"{image.record.created_at:%Y-%m-%d}" for image in made_records)
    for day, number in days.items():
        row = keys.key(keys.owner_stats(Rebuild().served_epoch, OWNER), keys.day_stats(day))
        database.put_item(TableName=table, Item={**row, IMAGES: {"N": str(number)}})
    storage, thumb = stack.client("s3"), jpeg(300, 300)
    for image in made_records[-SEEN:]:
        key = image.record.rendition_key(image.record.renditions[0])
        storage.put_object(
            Bucket=stack.described["private_bucket"], Key=key, Body=thumb, ContentType="image/jpeg"
        )


def _dated(image: Image, at: datetime) -> Image:
    """An image as if it had been made at that time."""
    number = int(image.record.attempt, 16)
    record = replace(image.record, id=uuid7(at, number << 64 | number), created_at=at, updated_at=at)
    return replace(image, record=record)


def visit(browser: Browser, stack: Stack) -> Visit:
    """Open the gallery as its owner, with nothing cached, and wait until all is still."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.add_init_script(f"{_session(stack)} {TICKS}")
    developer = context.new_cdp_session(page)
    developer.send("Network.enable")
    developer.send("Network.emulateNetworkConditions", SLOW_4G)
    developer.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    kinds: dict[str, str] = {}
    travelled: dict[str, int] = defaultdict(int)
    unpacked: dict[str, int] = defaultdict(int)

    def begun(event: dict[str, Any]) -> None:
        if urlsplit(event["request"]["url"]).netloc == urlsplit(stack.api_url).netloc:
            kinds[event["requestId"]] = event["type"]

    def unpack(event: dict[str, Any]) -> None:
        unpacked[kinds.get(event["requestId"], "")] += event["dataLength"]

    def ended(event: dict[str, Any]) -> None:
        travelled[kinds.get(event["requestId"], "")] += round(event["encodedDataLength"])

    developer.on("Network.requestWillBeSent", begun)
    developer.on("Network.dataReceived", unpack)
    developer.on("Network.loadingFinished", ended)
    page.goto(stack.api_url, wait_until="commit")
    page.locator(".tile.is-loaded").first.wait_for(timeout=SHOWN_MS)
    requests = len(kinds)
    first = page.evaluate("window.firstThumbAt")
    context.close()
    return Visit(first, requests, dict(travelled), dict(unpacked))


def _told(visits: Sequence[Visit]) -> Iterator[Measurement]:
    one = visits[0]
    script, style = (
        f"{one.unpacked.get(kind, 0) / 1000:.0f} kB unpacked" for kind in ("Script", "Stylesheet")
    )
    times = sorted(one.first_thumb_ms for one in visits)

    def kb(*kinds: str) -> float:
        return sum(one.travelled.get(kind, 0) for kind in kinds) / 1000

    own = [kind for kind in one.travelled if kind]
    by_kind = ", ".join(f"{kind} {kb(kind):.1f}" for kind in own)
    yield Measurement("console_script_kb", kb("Script"), "kB", 33, script)
    yield Measurement("console_style_kb", kb("Stylesheet"), "kB", 12, style)
    yield Measurement("console_kb", kb(*own), "kB", 60, by_kind)
    yield Measurement("console_requests", max(one.requests for one in visits), "requests", 6)
    detail = f"best of {VISITS}, median {statistics.median(times):.0f}; {MANY} images"
    # What else the machine does makes a visit slower and never faster.
    yield Measurement("console_first_thumb_ms_10k", times[0], "ms", 5_000, detail)
