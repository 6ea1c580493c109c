"""The marked parts of the documentation are what the code writes."""

import re

import pytest

from tools.pages import DOCS, PARTS, written


@pytest.mark.parametrize("name", PARTS)
def test_the_marked_parts_of_a_page_are_what_the_code_writes(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == written(name)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_a_page_has_its_mark(name: str) -> None:
    marks = re.findall(
        r"^<!-- (\w+): written by make openapi -->$", (DOCS / name).read_text("utf-8"), re.MULTILINE
    )

    assert sorted(marks) == sorted(PARTS[name]())


def test_no_other_page_has_a_mark() -> None:
    texts = {path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in DOCS.rglob("*.md")}
    pages = {name for name, text in texts.items() if "written by make openapi" in text}

    assert pages == set(PARTS)
