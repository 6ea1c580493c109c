"""How alike two pictures look: structural similarity, with Pillow alone.

Wang et al., "Image quality assessment: from error visibility to structural similarity", on the luma of blocks of
8 × 8 pixels that do not overlap, which Pillow averages in one go.
"""

from PIL import Image, ImageMath

_BLOCK = 8
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(first: Image.Image, second: Image.Image) -> float:
    """1 for pictures that are the same, about 0 for any two others; both of one size, without transparency."""
    assert first.size == second.size, (first.size, second.size)
    assert min(first.size) >= _BLOCK
    a, b = (_whole_blocks(image.convert("L")).convert("F") for image in (first, second))
    means = (_means(image) for image in (a, b, _product(a, a), _product(b, b), _product(a, b)))
    scores = [_score(*block) for block in zip(*means, strict=True)]
    return sum(scores) / len(scores)


def _whole_blocks(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, image.width // _BLOCK * _BLOCK, image.height // _BLOCK * _BLOCK))


def _product(a: Image.Image, b: Image.Image) -> Image.Image:
    product = ImageMath.lambda_eval(lambda given: given["a"] * given["b"], a=a, b=b)
    assert isinstance(product, Image.Image)
    return product


def _means(image: Image.Image) -> list[float]:
    return [float(mean) for mean in memoryview(image.reduce(_BLOCK).tobytes()).cast("f")]


def _score(a: float, b: float, aa: float, bb: float, ab: float) -> float:
    variance_a, variance_b, covariance = aa - a * a, bb - b * b, ab - a * b
    structure = (2 * covariance + _C2) / (variance_a + variance_b + _C2)
    return structure * (2 * a * b + _C1) / (a * a + b * b + _C1)
