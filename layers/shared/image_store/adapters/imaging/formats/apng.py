"""Finds the frames of an animated PNG; as in Chromium, the first fault ends the animation."""

import struct
from dataclasses import dataclass, field

type Span = tuple[int, int]
"""Where bytes begin and end in the file."""

_CONTROL = struct.Struct(">IIIIIHHBB")
_MOST_FRAMES_DECLARED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PngFrame:
    """A frame of an animation: where its pixels are and where they go. The numbers are those of `fcTL`."""

    left: int
    top: int
    width: int
    height: int
    duration_ms: float
    disposal: int
    blend: int
    spans: list[Span] = field(default_factory=list)
    is_in_picture_data: bool = False


class AnimationReader:
    """Reads the chunks of an animation in their order."""

    def __init__(self) -> None:
        self.declared = 0
        self.plays = 0
        self._sequence = 0
        self._frames: list[PngFrame] = []
        self._is_over = False

    @property
    def frames(self) -> tuple[PngFrame, ...]:
        """The frames that were declared and have pixels."""
        return tuple([frame for frame in self._frames if frame.spans][: self.declared])

    def take_control(self, body: bytes) -> None:
        """Take an `acTL`; only the first one counts, and only before the pixels."""
        if self.declared == 0 and len(body) >= 8:
            declared, self.plays = struct.unpack_from(">II", body)
            self.declared = declared if declared <= _MOST_FRAMES_DECLARED else 0

    def take_frame_control(self, body: bytes, canvas: tuple[int, int], *, comes_before_data: bool) -> None:
        """Take an `fcTL`; its body is empty if it was damaged."""
        if self._is_over or not self.declared:
            return
        frame = None
        if len(body) == _CONTROL.size:
            sequence, width, height, left, top, delay, parts, disposal, blend = _CONTROL.unpack(body)
            if self._continues_with(sequence):
                milliseconds = 1_000 * delay / (parts or 100)
                frame = PngFrame(
                    left,
                    top,
                    width,
                    height,
                    milliseconds,
                    disposal,
                    blend,
                    is_in_picture_data=comes_before_data,
                )
        if frame is None or not _is_valid(frame, canvas):
            self._is_over = True
        else:
            self._frames.append(frame)

    def take_picture_data(self, span: Span) -> None:
        """Take an `IDAT`; it belongs to the first frame if the control of that frame came before."""
        if self._frames and not self._is_over and self._frames[-1].is_in_picture_data:
            self._frames[-1].spans.append(span)

    def take_frame_data(self, sequence: int, span: Span) -> None:
        """Take an `fdAT` with the span of its pixels."""
        if self._is_over or not self._frames:
            return
        if self._frames[-1].is_in_picture_data or not self._continues_with(sequence):
            self._is_over = True
        else:
            self._frames[-1].spans.append(span)

    def _continues_with(self, sequence: int) -> bool:
        self._sequence += 1
        return sequence == self._sequence - 1


def _is_valid(frame: PngFrame, canvas: tuple[int, int]) -> bool:
    is_inside = frame.left + frame.width <= canvas[0] and frame.top + frame.height <= canvas[1]
    is_whole = (frame.width, frame.height) == canvas or not frame.is_in_picture_data
    return (
        is_inside
        and is_whole
        and frame.width > 0
        and frame.height > 0
        and frame.disposal <= 2
        and frame.blend <= 1
    )
