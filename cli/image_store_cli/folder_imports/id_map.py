"""The map of an import: which image of the store a file, and the image that it was exported from, became."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from image_store_cli.display.texts import cell
from image_store_cli.downloads import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = ("old_id", "id", "sha256", "file")


def write_map(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Write the map as CSV (RFC 4180, UTF-8), in place of an earlier one; UsageError if it cannot be written.

    A file is written as `./cat.jpg`: a name that begins with `=` would be a formula in a spreadsheet. An old id is
    that of a sidecar, which may be anybody's.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for old_id, image_id, checksum, file in rows:
        writer.writerow((cell(old_id), image_id, checksum, f"./{file}"))
    with whole_file(path, overwrite=True) as target:
        target.write(text.getvalue().encode())
