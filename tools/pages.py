"""Write the marked parts of the documentation from the code: `python -m tools.pages`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.cost_tables import cost_parts
from tools.filter_table import filter_parts
from tools.preset_table import preset_parts
from tools.provider_tables import provider_parts
from tools.tables import with_parts

DOCS = Path(__file__).resolve().parents[1] / "docs"
PARTS: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "costs.md": cost_parts,
    "data-model.md": filter_parts,
    "generation.md": provider_parts,
    "renditions.md": preset_parts,
}
"""What writes the marked parts of each page."""


def written(name: str) -> str:
    """A page with new content in each marked part."""
    return with_parts((DOCS / name).read_text("utf-8"), PARTS[name]())


if __name__ == "__main__":
    for page in PARTS:
        (DOCS / page).write_text(written(page), "utf-8")
