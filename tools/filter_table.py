"""The table of filter attributes in docs/data-model.md, from the declaration of the filters."""

from image_store.domain.finding.filters import ROW_FILTERS
from tools.tables import table


def filter_parts() -> dict[str, str]:
    """The content of the marked part."""
    rows = [
        (
            f"`{name}`",
            f"`{row_filter.attribute}`",
            row_filter.comparison.name.lower().replace("_", " "),
            "list rows" if row_filter.only_in_list_rows else "list rows, index `by_owner`, `TERM`",
        )
        for name, row_filter in ROW_FILTERS.items()
    ]
    return {"filters": table(("filter", "attribute", "comparison", "rows that hold it"), rows)}
