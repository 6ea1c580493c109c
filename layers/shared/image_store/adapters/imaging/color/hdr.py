"""Maps HDR pictures, coded by PQ or HLG, to the range of an ordinary screen.

The curves are those of ITU-R BT.2100. Bright light is reduced by the reference white tone mapping operator of SMPTE
ST 2094-50, which Chromium uses too: light up to the reference white is halved, and from there a parabola leads to the
brightest light of the screen.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from PIL import Image, ImageMath

from image_store.adapters.imaging.color.colorimetry import (
    BT709,
    BT2020,
    PQ,
    Primaries,
    Vector,
    inverse,
    product,
    rgb_to_xyz,
)

_REFERENCE_WHITE_NITS, _PEAK_NITS = 203.0, 1_000.0
_PEAK = _PEAK_NITS / _REFERENCE_WHITE_NITS
_HLG_SYSTEM_GAMMA = 1.2
# The parabola is a quadratic Bézier curve from (1, 0.5) to (peak, 1) in reference whites; 0.65 places its middle.
_WHITE, _KAPPA = 0.5, 0.65
_MIDDLE_X, _MIDDLE_Y = 1 - _KAPPA + _KAPPA / _WHITE, (1 - _KAPPA) * _WHITE + _KAPPA
_A_X, _B_X = 1 - 2 * _MIDDLE_X + _PEAK, _MIDDLE_X - 1
_A_Y, _B_Y = _WHITE - 2 * _MIDDLE_Y + 1, _MIDDLE_Y - _WHITE
# Each pixel takes about ten floats in memory, so a large picture is mapped in strips.
_PIXELS_AT_ONCE = 262_144
_LAST_LEVEL = 65_535

type _Names = dict[str, Any]
"""The planes and functions that a formula of ImageMath receives; their operators have no types."""


@dataclass(frozen=True, slots=True)
class Hdr:
    """How an HDR picture codes light: `transfer` is PQ or HLG by its number in H.273."""

    primaries: Primaries
    transfer: int

    @property
    def name(self) -> str:
        """The common name."""
        return "PQ" if self.transfer == PQ else "HLG"


def tone_mapping(hdr: Hdr) -> Callable[[Image.Image], Image.Image]:
    """The function that converts 8-bit RGB to sRGB."""
    light, srgb = _light_levels(hdr.transfer), _srgb_levels()
    to_2020 = product(inverse(rgb_to_xyz(BT2020)), rgb_to_xyz(hdr.primaries))
    to_709 = product(inverse(rgb_to_xyz(BT709)), rgb_to_xyz(BT2020))
    luma = None if hdr.transfer == PQ else hdr.primaries.luma()

    def convert_strip(strip: Image.Image) -> Image.Image:
        planes = [band.point(light, "F") for band in strip.split()]
        if luma is not None:
            factor = _computed(partial(_displayed_per_scene, luma), planes)
            planes = [ImageMath.lambda_eval(_product, plane=plane, factor=factor) for plane in planes]
        wide = [_computed(partial(_weighed, row), planes) for row in to_2020]
        gain = _computed(_gain, wide)
        bands = [_computed(partial(_level, row), wide, gain=gain) for row in to_709]
        return Image.merge("RGB", [band.point(srgb, "L") for band in bands])

    def convert(image: Image.Image) -> Image.Image:
        mapped, rows = Image.new("RGB", image.size), max(1, _PIXELS_AT_ONCE // image.width)
        for top in range(0, image.height, rows):
            strip = image.crop((0, top, image.width, min(top + rows, image.height)))
            mapped.paste(convert_strip(strip), (0, top))
        return mapped

    return convert


def _computed(
    formula: Callable[[_Names], Any], planes: Sequence[Image.Image], **more: Image.Image
) -> Image.Image:
    red, green, blue = planes
    computed = ImageMath.lambda_eval(formula, red=red, green=green, blue=blue, **more)
    assert isinstance(computed, Image.Image)  # noqa: S101 - a formula of images is one
    return computed


def _weighed(weights: Vector, names: _Names) -> Any:
    return names["red"] * weights[0] + names["green"] * weights[1] + names["blue"] * weights[2]


def _displayed_per_scene(luma: Vector, names: _Names) -> Any:
    """How bright a screen of 1,000 nits shows the light of an HLG scene: the opto-optical transfer of BT.2100."""
    return _weighed(luma, names) ** (_HLG_SYSTEM_GAMMA - 1) * _PEAK


def _product(names: _Names) -> Any:
    return names["plane"] * names["factor"]


def _gain(names: _Names) -> Any:
    """The factor that reduces light, by its strongest component in reference whites."""
    least, most = names["min"], names["max"]
    brightest = most(most(most(names["red"], names["green"]), names["blue"]), 1.0)
    within = least(brightest, _PEAK)
    t = (((within - 1.0) * _A_X + _B_X * _B_X) ** 0.5 - _B_X) * (1 / _A_X)
    return (t * t * _A_Y + t * (2 * _B_Y) + _WHITE) / brightest


def _level(weights: Vector, names: _Names) -> Any:
    light = _weighed(weights, names) * names["gain"] * _LAST_LEVEL + 0.5
    return names["convert"](names["min"](names["max"](light, 0.0), float(_LAST_LEVEL)), "I")


@cache
def _light_levels(transfer: int) -> list[float]:
    """The light of each level: in reference whites for PQ, of the scene, 0–1, for HLG; BT.2100, tables 4 and 5."""
    return [(_pq if transfer == PQ else _hlg)(level / 255) for level in range(256)]


def _pq(level: float) -> float:
    power = level ** (4_096 / (2_523 * 128))
    ratio = max(power - 3_424 / 4_096, 0.0) / (2_413 / 128 - 2_392 / 128 * power)
    return float(10_000 * ratio ** (16_384 / 2_610) / _REFERENCE_WHITE_NITS)


def _hlg(level: float) -> float:
    if level <= 0.5:
        return level * level / 3
    return (math.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12


@cache
def _srgb_levels() -> list[int]:
    """The level of sRGB for each 65,535th of the light of white."""
    return [round(255 * _srgb(light / _LAST_LEVEL)) for light in range(_LAST_LEVEL + 1)]


def _srgb(light: float) -> float:
    return float(light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)
