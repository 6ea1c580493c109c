"""A page that uploads a large file with the TypeScript client needs little memory beyond the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.browser_upload import BAR_MB, extra_memory_mb
from tests.chromium import running_chromium

if TYPE_CHECKING:
    from pathlib import Path

    from tests.typescript.built_client import BuiltClient


@pytest.mark.loopback
def test_100_mb_need_at_most_32_mb_beyond_the_file(typescript_client: BuiltClient, tmp_path: Path) -> None:
    with running_chromium() as browser:
        extra_mb = extra_memory_mb(browser, tmp_path)

    assert 0 < extra_mb <= BAR_MB
