"""Fingers on a touch screen, as Chromium's own input has them: Playwright knows a tap alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

Point = tuple[float, float]
STEPS = 8


class Fingers:
    """One or two fingers on a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._input = page.context.new_cdp_session(page)

    def tap_twice(self, point: Point) -> None:
        """Tap a place twice, quickly."""
        for _ in range(2):
            self._send("touchStart", point)
            self._send("touchEnd")

    def swipe(self, start: Point, end: Point) -> None:
        """Move one finger, and lift it."""
        self.move((start,), (end,))

    def move(self, starts: tuple[Point, ...], ends: tuple[Point, ...]) -> None:
        """Move fingers at the same time, and lift them."""
        self._send("touchStart", *starts)
        for step in range(1, STEPS + 1):
            share = step / STEPS
            self._send(
                "touchMove",
                *(
                    (x + (to_x - x) * share, y + (to_y - y) * share)
                    for (x, y), (to_x, to_y) in zip(starts, ends, strict=True)
                ),
            )
        self._send("touchEnd")

    def _send(self, kind: str, *points: Point) -> None:
        touches = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        self._input.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
