"""Renditions against sharp and against Pillow used naively; memory; placeholder."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from image_store.adapters.imaging.decoding.decoding import decode
from image_store.adapters.imaging.decoding.limits import DecodeLimits
from image_store.adapters.imaging.formats.headers import read_header
from image_store.adapters.imaging.rendering.placeholder import make_placeholder
from image_store.adapters.imaging.rendering.renditions import render
from image_store.domain.delivery.renditions import DISPLAY, PRESETS, THUMB
from image_store.domain.images.media import sniff
from image_store.domain.images.processing import RenderedFile
from tests import pictures
from tests.benchmarks.measurement import Measurement, compare, cpu_ms, median_cpu_ms
from tests.benchmarks.sharp import Sharp, SharpUnavailable

_LIMITS = DecodeLimits(max_frames=1)


@dataclass(frozen=True, slots=True)
class _Race:
    """Renditions of one picture, made by sharp each from a decode of its own, and by us from one for all."""

    name: str
    bar: float
    source: str
    presets: tuple[str, ...]
    pairs: int = 25


_FOUR = ("w2048", "w1280", "w640", THUMB)
_RACES = (
    _Race("thumb_12mp_vs_sharp", 0.95, "12mp.jpg", (THUMB,)),
    _Race("thumb_24mp_vs_sharp", 0.95, "24mp.jpg", (THUMB,)),
    _Race("renditions_vs_sharp", 0.9, "12mp.jpg", _FOUR, pairs=9),
    _Race("display_jpeg_vs_sharp", 1.5, "12mp.jpg", (DISPLAY,)),
    _Race("thumb_png_vs_sharp", 1.3, "4mp.png", (THUMB,)),
    _Race("thumb_webp_vs_sharp", 1.25, "1mp.webp", (THUMB,)),
)


def measure(build: Path) -> Iterator[Measurement]:
    """Measure all that PERFORMANCE.md asks of images; without Node.js only what needs no sharp."""
    sources = _make_sources(build / "pictures")
    try:
        with Sharp(build / "sharp") as sharp:
            for race in _RACES:
                yield _run(race, sources / race.source, sharp)
    except SharpUnavailable as reason:
        print(f"Not measured against sharp: {reason}", file=sys.stderr)
    yield Measurement("thumb_rss_mb", _memory_mb(sources / "24mp.jpg", (THUMB,)), "MB", 30, "24 MP JPEG")
    yield Measurement("renditions_rss_mb", _memory_mb(sources / "24mp.jpg", _FOUR), "MB", 150, "24 MP JPEG")
    yield Measurement("placeholder_ms", _placeholder_ms(sources / "12mp.jpg"), "ms", 8, "12 MP JPEG")


def _make_sources(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    make: dict[str, Callable[[], bytes]] = {
        "12mp.jpg": lambda: pictures.jpeg(4000, 3000),
        "24mp.jpg": lambda: pictures.jpeg(6000, 4000),
        "4mp.png": lambda: pictures.png(2048, 2048),
        "1mp.webp": lambda: pictures.webp(1024, 1024),
    }
    for name, encode in make.items():
        if not (folder / name).exists():
            (folder / name).write_bytes(encode())
    return folder


def _run(race: _Race, source: Path, sharp: Sharp) -> Measurement:
    data = source.read_bytes()

    def by_sharp() -> tuple[float, int]:
        runs = [sharp.run(preset, source) for preset in race.presets]
        return sum(cpu for cpu, _ in runs), sum(size for _, size in runs)

    def naively() -> None:
        for preset in race.presets:
            _naive(data, preset)

    compared = compare(
        lambda: cpu_ms(lambda: _ours(data, race.presets)), lambda: by_sharp()[0], pairs=race.pairs
    )
    naive_ms = median_cpu_ms(naively, runs=3)
    ours_kb = sum(file.rendition.size_bytes for file in _ours(data, race.presets)) / 1000
    sharp_kb = by_sharp()[1] / 1000
    detail = (
        f"{compared.ours_ms:.0f} ms {ours_kb:.0f} kB; sharp {compared.theirs_ms:.0f} ms {sharp_kb:.0f} kB; "
        f"naive Pillow {naive_ms:.0f} ms"
    )
    return Measurement(race.name, compared.ratio, "× sharp", race.bar, detail)


def _ours(data: bytes, presets: Sequence[str]) -> Sequence[RenderedFile]:
    """All that is done to a stranger's file for its renditions: checked, decoded, cropped, encoded."""
    media_type = sniff(data)
    assert media_type is not None
    recipes = pictures.recipes_of(*presets)
    header = read_header(data, media_type, max_metadata_bytes=_LIMITS.max_metadata_bytes)
    decoded = decode(data, media_type, header, limits=_LIMITS, recipes=recipes.values())
    files, _ = render(decoded.picture, size=decoded.size, recipes=recipes)
    return files


def _naive(data: bytes, preset: str) -> None:
    """What the first tutorial does: open, resize well, save."""
    image = Image.open(BytesIO(data)).convert("RGB")
    if preset == THUMB:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        square.resize((300, 300), Image.Resampling.LANCZOS).save(BytesIO(), "JPEG", quality=70)
        return
    scale = min(1, (PRESETS[preset].recipe.width or image.width) / max(image.size))
    size = round(image.width * scale), round(image.height * scale)
    resized = image.resize(size, Image.Resampling.LANCZOS)
    if preset == DISPLAY:
        resized.save(BytesIO(), "JPEG", quality=85, progressive=True)
    else:
        resized.save(BytesIO(), "WEBP", quality=80)


def _placeholder_ms(source: Path) -> float:
    """Crop window and tiny copy are part of every thumbnail above; this is what comes on top."""
    data = source.read_bytes()
    media_type = sniff(data)
    assert media_type is not None
    recipes = pictures.recipes_of(THUMB)
    header = read_header(data, media_type, max_metadata_bytes=_LIMITS.max_metadata_bytes)
    decoded = decode(data, media_type, header, limits=_LIMITS, recipes=recipes.values())
    _, overview = render(decoded.picture, size=decoded.size, recipes=recipes)
    return median_cpu_ms(lambda: make_placeholder(overview), runs=15)


def _memory_mb(source: Path, presets: Sequence[str]) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.peak_memory", str(source), *presets]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)
