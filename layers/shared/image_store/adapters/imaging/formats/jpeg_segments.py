"""The structure of a JPEG: its segments and scans (ITU-T T.81, annex B)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from image_store.adapters.imaging.formats.budget import Budget, big, contradiction, cut_off
from image_store.domain.images.media import MediaType

_MAX_JUNK_BYTES = 65_536
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ARITHMETIC_MARKERS = frozenset(range(0xC9, 0xD0)) - {0xCC}
_PROGRESSIVE_MARKERS = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_APPLICATION_MARKERS = range(0xE0, 0xF0)
_RESTART_INTERVAL = 0xDD
END = b"\xff\xd9"
_LAST_COEFFICIENT = 63
_ALL_COEFFICIENTS = (1 << _LAST_COEFFICIENT + 1) - 1
# In entropy-coded data 0xFF is followed by 0x00 or a restart marker; fill bytes precede a marker.
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def jpeg_segments(data: bytes, budget: Budget) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of each segment, up to and including the first start of scan."""
    at, junk = 2, 0
    while True:
        mark = data.find(b"\xff", at)
        if mark < 0:
            raise cut_off(MediaType.JPEG)
        junk += mark - at
        while data[mark + 1] == 0xFF:
            mark += 1
            junk += 1
            if junk > _MAX_JUNK_BYTES:
                break
        if junk > _MAX_JUNK_BYTES:
            raise contradiction(MediaType.JPEG, "there are long stretches of junk in its header")
        marker = data[mark + 1]
        budget.take_part()
        if marker == 0x00 or marker in _STANDALONE_MARKERS:
            at = mark + 2
            continue
        if marker == _END_OF_IMAGE:
            raise cut_off(MediaType.JPEG)
        length = big(data, mark + 2, 2)
        start, end = mark + 4, mark + 2 + length
        if length < 2:
            raise contradiction(MediaType.JPEG, "a segment has no length")
        if end > len(data):
            raise cut_off(MediaType.JPEG)
        if marker in _APPLICATION_MARKERS or marker == _COMMENT:
            budget.take_metadata(length)
        yield marker, start, end
        if marker == START_OF_SCAN:
            return
        at = end


@dataclass(frozen=True, slots=True)
class JpegScans:
    """The scans of a picture, from `start` to `end` in the file; `is_one` if the first one completes the picture."""

    start: int
    end: int
    count: int = 1
    is_one: bool = True
    has_end: bool = True
    is_end_certain: bool = True
    """Whether no picture ends before `end`; the first of several pictures in a file does."""


@dataclass(frozen=True, slots=True)
class JpegHead:
    """The places of the frame header, the first scan header and the scans, and values from before the scans."""

    frame_marker: int
    frame_at: int
    scan_at: int
    scans_at: int
    restart_interval: int = 0


def jpeg_head(data: bytes, budget: Budget) -> JpegHead:
    """Find the headers of a picture."""
    frame: tuple[int, int] | None = None
    interval = 0
    for marker, start, end in jpeg_segments(data, budget):
        if marker in FRAME_MARKERS:
            if frame is not None:
                raise contradiction(MediaType.JPEG, "it has two frame headers")
            frame = (marker, start)
        elif marker == _RESTART_INTERVAL:
            interval = big(data, start, 2)
        elif marker == START_OF_SCAN:
            if frame is None:
                raise contradiction(MediaType.JPEG, "its picture has no header")
            return JpegHead(*frame, start, end, interval)
    raise cut_off(MediaType.JPEG)


def jpeg_scans(data: bytes, head: JpegHead, budget: Budget) -> JpegScans:
    """Find the scans of a picture; a second picture or a film may follow.

    InvalidImage if scans are missing.
    """
    is_progressive = head.frame_marker in _PROGRESSIVE_MARKERS
    # A sequential picture whose first scan has all components is complete after it.
    if not is_progressive and data[head.scan_at] == data[head.frame_at + 5]:
        if data.endswith(END):
            # A search for an earlier end would take a tenth of the time of decoding.
            return JpegScans(head.scans_at, max(len(data) - len(END), head.scans_at), is_end_certain=False)
        end = data.find(END, head.scans_at)
        return JpegScans(head.scans_at, len(data) if end < 0 else end, has_end=end >= 0)
    coverage = _Coverage(data, head.frame_at, is_progressive=is_progressive)
    coverage.take(head.scan_at)
    count, interval, at, end, has_end = 1, head.restart_interval, head.scans_at, len(data), False
    last_header, last_data = head.scan_at, head.scans_at
    while match := _MARKER_IN_SCAN.search(data, at):
        marker = data[match.end() - 1]
        if marker == _END_OF_IMAGE:
            has_end, end = True, match.end() - 2
            break
        budget.take_part()
        if marker in _STANDALONE_MARKERS:
            at = match.end()
            continue
        body, at = match.end() + 2, match.end() + max(2, big(data, match.end(), 2))
        if marker == START_OF_SCAN:
            count += 1
            coverage.take(body)
            last_header, last_data = body, at
        elif marker == _RESTART_INTERVAL:
            interval = big(data, body, 2)
    if not coverage.is_complete:
        raise cut_off(MediaType.JPEG)
    if interval and len(_RESTART.findall(data, last_data, end)) < _restarts(
        data, head.frame_at, last_header, interval
    ):
        raise cut_off(MediaType.JPEG)
    return JpegScans(head.scans_at, end, count, is_one=False, has_end=has_end)


def _restarts(data: bytes, frame_at: int, scan_at: int, interval: int) -> int:
    """The number of restart markers of a scan: T.81, A.2 and E.1.4."""
    height, width = big(data, frame_at + 1, 2), big(data, frame_at + 3, 2)
    sampling = {
        data[at]: (data[at + 1] >> 4, data[at + 1] & 0x0F)
        for at in range(frame_at + 6, frame_at + 6 + 3 * data[frame_at + 5], 3)
    }
    widest = max((wide for wide, _ in sampling.values()), default=1) or 1
    highest = max((high for _, high in sampling.values()), default=1) or 1
    if data[scan_at] == 1:
        wide, high = sampling.get(data[scan_at + 1], (1, 1))
        columns, rows = ceil(ceil(width * wide / widest) / 8), ceil(ceil(height * high / highest) / 8)
    else:
        columns, rows = ceil(width / (8 * widest)), ceil(height / (8 * highest))
    return ceil(columns * rows / interval) - 1


class _Coverage:
    """The coefficients of each component that the scans of a picture have not completed to their last bit."""

    def __init__(self, data: bytes, frame_at: int, *, is_progressive: bool) -> None:
        components = data[frame_at + 5]
        self._data = data
        self._is_progressive = is_progressive
        self._missing = {data[frame_at + 6 + 3 * index]: _ALL_COEFFICIENTS for index in range(components)}

    @property
    def is_complete(self) -> bool:
        return not any(self._missing.values())

    def take(self, at: int) -> None:
        """Count the scan whose header is at this place; the decoder judges invalid ones."""
        components = self._data[at]
        first, last, bits = (big(self._data, at + 1 + 2 * components + index, 1) for index in range(3))
        coefficients = _ALL_COEFFICIENTS
        if self._is_progressive:
            is_last_bit = bits & 0x0F == 0
            coefficients = (
                (1 << last + 1) - (1 << first) if is_last_bit and first <= last <= _LAST_COEFFICIENT else 0
            )
        for index in range(components):
            name = self._data[at + 1 + 2 * index]
            if name in self._missing:
                self._missing[name] &= ~coefficients
