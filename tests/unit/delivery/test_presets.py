"""Presets are data, and a deployment may bring its own (B2)."""

import subprocess
import sys

import pytest

from image_store.domain.delivery.presets import MAX_PRESETS, presets_from
from image_store.domain.delivery.renditions import (
    CENTER,
    DISPLAY,
    PRESETS,
    SMART,
    THUMB,
    UPLOAD_RECIPES,
    Fit,
    Gravity,
    Preset,
    Recipe,
)
from image_store.domain.errors import ConfigurationError
from image_store.domain.images.media import MediaType

WEBP, AVIF, JPEG, PNG = MediaType.WEBP, MediaType.AVIF, MediaType.JPEG, MediaType.PNG


ON_REQUEST = [preset for preset in PRESETS.values() if not preset.at_upload]
DEFAULT_TEXT = ";".join(f"{preset.name}={preset.recipe.width}x" for preset in ON_REQUEST)


def test_clients_can_rely_on_five_presets() -> None:
    assert {"thumb", "display", "w640", "w1280", "w2048"} <= set(PRESETS)


def test_a_thumbnail_and_a_display_rendition_are_made_at_upload() -> None:
    assert (
        {name for name, preset in PRESETS.items() if preset.at_upload}
        == set(UPLOAD_RECIPES)
        == {THUMB, DISPLAY}
    )
    assert (PRESETS[THUMB].recipe.width, PRESETS[DISPLAY].recipe.width) == (300, 2048)


@pytest.mark.parametrize("preset", ON_REQUEST, ids=lambda preset: preset.name)
def test_a_default_preset_on_request_has_the_width_of_its_name_and_a_choice_of_formats(
    preset: Preset,
) -> None:
    assert preset == Preset(
        f"w{preset.recipe.width}", Recipe(preset.recipe.width, media_type=WEBP), (WEBP, AVIF, JPEG)
    )


@pytest.mark.parametrize("text", ["", "  ", ";", DEFAULT_TEXT])
def test_an_empty_text_means_the_default_presets(text: str) -> None:
    assert presets_from(text) == PRESETS


def test_presets_of_a_deployment_stand_instead_of_those_made_on_request() -> None:
    presets = presets_from("w320=320x;card=600x400,cover,q75")

    assert list(presets) == [THUMB, DISPLAY, "w320", "card"]
    assert presets["w320"].recipe == Recipe(320, media_type=WEBP)
    assert presets["card"].recipe == Recipe(600, 400, Fit.COVER, media_type=WEBP, quality=75)
    assert presets["card"].formats == (WEBP, AVIF, JPEG)
    assert not presets["card"].at_upload


@pytest.mark.parametrize(
    ("written", "recipe"),
    [
        ("640x480", Recipe(640, 480, media_type=WEBP)),
        ("x480", Recipe(None, 480, media_type=WEBP)),
        ("1x1,pad", Recipe(1, 1, Fit.PAD, media_type=WEBP)),
        ("4096x4096,contain", Recipe(4096, 4096, Fit.CONTAIN, media_type=WEBP)),
        ("9x9,smart,cover", Recipe(9, 9, Fit.COVER, SMART, WEBP)),
        ("9x9,center", Recipe(9, 9, gravity=CENTER, media_type=WEBP)),
        ("9x9,cover,0.25:1", Recipe(9, 9, Fit.COVER, Gravity(0.25, 1), WEBP)),
        ("9x9,png,q100", Recipe(9, 9, media_type=PNG, quality=100)),
        ("9x9,animated", Recipe(9, 9, media_type=WEBP, animated=True)),
    ],
)
def test_every_part_of_a_recipe_can_be_written(written: str, recipe: Recipe) -> None:
    assert presets_from(f"mine={written}")["mine"].recipe == recipe


def test_the_first_format_written_is_the_usual_one() -> None:
    preset = presets_from("mine=9x9,avif,jpeg,q60")["mine"]

    assert preset.formats == (AVIF, JPEG)
    assert preset.recipe.media_type is AVIF
    assert preset.recipe_in(JPEG) == Recipe(9, 9, media_type=JPEG, quality=60)


def test_an_animated_preset_is_still_in_a_format_without_animation() -> None:
    preset = presets_from("mine=9x9,animated")["mine"]

    assert preset.recipe_in(WEBP).animated
    assert not preset.recipe_in(AVIF).animated


@pytest.mark.parametrize(
    "written",
    [
        "",
        "640",
        "x",
        "640 x 480",
        "-640x",
        "0x5",
        "4097x5",
        "²x5",
        "9x9,",
        "9x9,crop",
        "9x9,cover,pad",
        "9x9,smart,center",
        "9x9,webp,webp",
        "9x9,q0",
        "9x9,q101",
        "9x9,q",
        "9x9,qq",
        "9x9,q5,q6",
        "9x9,gif",
        "9x9,1.5:0",
        "9x9,:",
        "9x9,1:2:3",
        "9x9,nan:1",
        "9x9,1.1.1:0",
        "9x9,animated,animated",
        "9x9,jpeg,animated",
    ],
)
def test_a_preset_that_cannot_be_followed_is_named(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"preset card cannot be used: .+\.$"):
        presets_from(f"w320=320x;card={written}")


@pytest.mark.parametrize("name", ["thumb", "display", "original"])
def test_names_with_a_meaning_cannot_be_taken(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"preset {name} cannot"):
        presets_from(f"{name}=320x")


@pytest.mark.parametrize("name", ["", "Ca rd", "../x", "ä", "a" * 33, "<b>"])
def test_what_is_not_a_name_is_counted_and_not_repeated(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^Preset number 2 cannot be used"):
        presets_from(f"w320=320x;{name}=9x9")


def test_a_name_is_used_once() -> None:
    with pytest.raises(ConfigurationError, match="preset card cannot be used: the name is used twice"):
        presets_from("card=9x9;card=8x8")


def test_presets_are_limited_in_number() -> None:
    most = ";".join(f"p{index}=9x9" for index in range(MAX_PRESETS))

    assert len(presets_from(most)) == MAX_PRESETS + len(UPLOAD_RECIPES)
    with pytest.raises(ConfigurationError, match=f"more than {MAX_PRESETS}"):
        presets_from(most + ";one-more=9x9")


def test_presets_are_known_without_importing_what_makes_them() -> None:
    heavy = "{'PIL', 'pydantic', 'boto3'}"
    script = f"import image_store.domain.delivery.presets, sys; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "layers/shared"},
    )

    assert done.stdout == "[]\n"
