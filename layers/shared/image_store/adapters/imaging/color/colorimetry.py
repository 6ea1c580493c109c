"""Colour spaces as numbers: primaries and curves of ITU-T H.273, and ICC profiles built from them."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

type Point = tuple[float, float]
"""The x and y of CIE 1931."""

type Vector = tuple[float, float, float]
type Matrix = tuple[Vector, Vector, Vector]

_D65, _C, _E, _DCI_WHITE = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
_D50: Vector = (0.9642, 1.0, 0.8249)
# The cone responses by which ICC.1:2022, annex E, adapts colours to another white.
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_LARGEST_S15_FIXED_16 = 32_767.0


@dataclass(frozen=True, slots=True)
class Primaries:
    """The colours of full red, green and blue, and of white."""

    red: Point
    green: Point
    blue: Point
    white: Point = _D65

    def luma(self) -> Vector:
        """The shares of red, green and blue in the luminance of white, which is 1."""
        return rgb_to_xyz(self)[1]


@dataclass(frozen=True, slots=True)
class Curve:
    """A parametric curve of ICC.1:2022, 10.18, from a stored value to light."""

    kind: int
    parameters: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """A colour space of three primaries and one curve."""

    primaries: Primaries
    curve: Curve


def gamma(exponent: float) -> Curve:
    """A plain power."""
    return Curve(0, (exponent,))


BT709 = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_SMPTE170M = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
PRIMARIES: Mapping[int, Primaries] = {
    1: BT709,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: _SMPTE170M,
    7: _SMPTE170M,
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: BT2020,
    10: Primaries((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), _E),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI_WHITE),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""By number in H.273, table 2; the number 2 means unknown."""

SRGB_CURVE = Curve(3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_BT1886 = gamma(2.4)  # how a screen shows a picture that a camera coded by BT.709
CURVES: Mapping[int, Curve] = {
    1: _BT1886,
    4: gamma(2.2),
    5: gamma(2.8),
    6: _BT1886,
    7: Curve(3, (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228)),
    8: gamma(1),
    11: _BT1886,
    13: SRGB_CURVE,
    14: _BT1886,
    15: _BT1886,
    17: Curve(1, (2.6, (52.37 / 48) ** (1 / 2.6), 0.0)),
}
"""By number in H.273, table 3; the number 2 means unknown, and 16 and 18 are HDR."""

PQ, HLG, UNKNOWN = 16, 18, 2


def rgb_to_xyz(primaries: Primaries) -> Matrix:
    """The matrix from light of these primaries to XYZ; ZeroDivisionError if they span no colours."""
    full = _transposed((_xyz(primaries.red), _xyz(primaries.green), _xyz(primaries.blue)))
    red, green, blue = apply(inverse(full), _xyz(primaries.white))
    return product(full, ((red, 0.0, 0.0), (0.0, green, 0.0), (0.0, 0.0, blue)))


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a matrix; ZeroDivisionError if it has none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(determinant) < 1e-9:
        raise ZeroDivisionError("the matrix is singular")
    return (
        ((e * i - f * h) / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant),
        ((f * g - d * i) / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant),
        ((d * h - e * g) / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant),
    )


def product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix that applies `right`, then `left`."""
    columns = _transposed(right)
    return _transposed((apply(left, columns[0]), apply(left, columns[1]), apply(left, columns[2])))


def apply(matrix: Matrix, vector: Vector) -> Vector:
    """A matrix times a vector."""
    x, y, z = vector
    first, second, third = matrix
    return (
        first[0] * x + first[1] * y + first[2] * z,
        second[0] * x + second[1] * y + second[2] * z,
        third[0] * x + third[1] * y + third[2] * z,
    )


def rgb_profile(space: ColorSpace) -> bytes:
    """An ICC profile of a colour space; ValueError if no profile can hold it."""
    try:
        adaptation = _adaptation(space.primaries.white)
        red, green, blue = _transposed(product(adaptation, rgb_to_xyz(space.primaries)))
    except ZeroDivisionError as error:
        raise ValueError("the primaries span no colours") from error
    curve = _curve(space.curve)
    tags = {
        b"wtpt": _xyz_tag(_D50),
        b"rXYZ": _xyz_tag(red),
        b"gXYZ": _xyz_tag(green),
        b"bXYZ": _xyz_tag(blue),
    }
    return _profile(b"RGB ", tags | {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def grey_profile(curve: Curve) -> bytes:
    """An ICC profile of grey; ValueError if no profile can hold its curve."""
    return _profile(b"GRAY", {b"wtpt": _xyz_tag(_D50), b"kTRC": _curve(curve)})


def _adaptation(white: Point) -> Matrix:
    cones = [
        adapted / original
        for original, adapted in zip(apply(_BRADFORD, _xyz(white)), apply(_BRADFORD, _D50), strict=True)
    ]
    scale: Matrix = ((cones[0], 0.0, 0.0), (0.0, cones[1], 0.0), (0.0, 0.0, cones[2]))
    return product(inverse(_BRADFORD), product(scale, _BRADFORD))


def _xyz(point: Point) -> Vector:
    x, y = point
    if y == 0:  # two of the primaries of XYZ have no luminance
        return x, 0.0, 1 - x
    return x / y, 1.0, (1 - x - y) / y


def _transposed(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (a, d, g), (b, e, h), (c, f, i)


def _curve(curve: Curve) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", curve.kind, 0) + _fixed(curve.parameters)


def _xyz_tag(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: Sequence[float]) -> bytes:
    if not all(math.isfinite(value) and abs(value) < _LARGEST_S15_FIXED_16 for value in values):
        raise ValueError("a profile cannot hold so large a number")
    return struct.pack(f">{len(values)}i", *(round(value * 65_536) for value in values))


def _profile(space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """An ICC profile of version 4 for a display: ICC.1:2022, section 7."""
    padded = {name: value + bytes(-len(value) % 4) for name, value in tags.items()}
    at = 128 + 4 + 12 * len(padded)
    table, body = struct.pack(">I", len(padded)), b""
    for name, value in padded.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    header = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x04300000, b"mntr", space, b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + _fixed(_D50)
    return header.ljust(128, b"\x00") + table + body
