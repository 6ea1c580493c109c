"""A real browser that tells what it shows of a picture: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from image_store.domain.images.media import sniff
from tests.chromium import running_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

# A page of localhost, answered by the test itself: only such a page may use ImageDecoder.
ADDRESS = "http://localhost/"
SHOW = """async ({packed, type}) => {
  const bytes = Uint8Array.from(atob(packed), character => character.charCodeAt(0));
  const pixels = (source, width, height) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    context.drawImage(source, 0, 0);
    const levels = context.getImageData(0, 0, width, height).data;
    return {width, height, levels: btoa(Array.from(levels, level => String.fromCharCode(level)).join(''))};
  };
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([bytes], {type}));
  try { await image.decode(); } catch { return null; }
  const shown = {still: pixels(image, image.naturalWidth, image.naturalHeight), frames: [], durations: []};
  const decoder = new ImageDecoder({data: bytes, type});
  await decoder.completed;
  await decoder.tracks.ready;
  const track = decoder.tracks.selectedTrack;
  for (let index = 0; track.animated && index < track.frameCount; index++) {
    const {image: frame} = await decoder.decode({frameIndex: index});
    shown.frames.push(pixels(frame, frame.displayWidth, frame.displayHeight));
    shown.durations.push(frame.duration / 1000);
    frame.close();
  }
  return shown;
}"""


@dataclass(frozen=True)
class Shown:
    """What a browser shows of a file: its picture, and the frames of an animation with their milliseconds."""

    still: Image.Image
    frames: list[Image.Image]
    durations_ms: list[float]


class Chromium:
    """Shows pictures in a page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def show(self, data: bytes) -> Shown | None:
        """Show a file; None where the browser shows nothing of it."""
        media_type = sniff(data)
        assert media_type is not None
        pixels = self._page.evaluate(
            SHOW, {"packed": base64.b64encode(data).decode(), "type": str(media_type)}
        )
        if pixels is None:
            return None
        return Shown(
            _image(pixels["still"]), [_image(frame) for frame in pixels["frames"]], pixels["durations"]
        )


def _image(pixels: dict[str, int | str]) -> Image.Image:
    levels = base64.b64decode(str(pixels["levels"]))
    return Image.frombytes("RGBA", (int(pixels["width"]), int(pixels["height"])), levels)


@pytest.fixture(scope="module")  # while Playwright runs, no other test of the worker may start a loop
def chromium() -> Iterator[Chromium]:
    with running_chromium("--force-color-profile=srgb") as browser:
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto(ADDRESS)
        yield Chromium(page)
