"""What growth counts holds for few images as well; that the stand-ins keep step with the adapters shows here first."""

from contextlib import closing
from pathlib import Path

import pytest

from image_store.bootstrap import use
from tests.benchmarks.growth_operations import OPERATIONS, Held

FEW, MANY = 20, 60


def counted(folder: Path, name: str, images: int) -> tuple[int, float]:
    """The units that an operation did on so many images, and what they cost."""
    operation = OPERATIONS[name]
    folder.mkdir()
    operation.contents.fill(folder, range(images))
    with closing(Held(folder)) as held:
        units = operation.run(held)
        use(None)
        return units, (
            held.table.read_units if operation.counted == "read units" else len(held.functions.calls)
        )


@pytest.mark.parametrize("name", ["cleanup", "delete"])
def test_each_further_image_takes_the_same_few_calls(tmp_path: Path, name: str) -> None:
    few, few_calls = counted(tmp_path / "few", name, FEW)
    many, many_calls = counted(tmp_path / "many", name, MANY)

    assert (few, many) == (FEW, MANY)
    assert (many_calls - few_calls) / (many - few) <= OPERATIONS[name].bar


def test_a_list_reads_one_page_for_a_hundred_images(tmp_path: Path) -> None:
    pages, read_units = counted(tmp_path / "list", "list", 101)

    assert pages == 2
    assert read_units / pages <= OPERATIONS["list"].bar
