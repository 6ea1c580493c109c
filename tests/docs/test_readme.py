"""The README and docs/ against what they speak of: parameters, files, commands."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE_BY_RUNNING = (".local", ".venv", ".aws-sam")
cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")  # it has no types


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def shell_blocks(page: Path) -> str:
    """What a page tells to type."""
    return "".join(re.findall(r"^```sh$(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL))


def table_below(heading: str) -> list[list[str]]:
    """The cells of the README's table below a heading, without the table's own head."""
    section = README.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[Path, str]]:
    """Every link of every page that does not lead to another site."""
    return [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page))
        if not target.startswith("https://")
    ]


def make_targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def named_files() -> set[str]:
    """Whatever the README sets in backquotes that is a path of this project."""
    quoted = re.findall(r"`([\w.{}/<>*-]+)`", prose(README))
    tops = {path.name for path in ROOT.iterdir()}
    return {name for name in quoted if name.split("/")[0] in tops and not name.startswith(MADE_BY_RUNNING)}


def test_the_settings_table_is_the_templates_parameters() -> None:
    template = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
    declared = {
        name: str(parameter["Default"]) if "Default" in parameter else "required"
        for name, parameter in template["Parameters"].items()
    }

    told = {
        row[0].strip("`"): "" if row[1] == "empty" else row[1].strip("`") for row in table_below("Settings")
    }

    assert told == declared


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page

    assert found.exists()
    assert not anchor or anchor in anchors(found)


def test_the_pages_have_links_to_check() -> None:
    assert len(links()) > 20


def test_every_make_target_that_is_named_exists() -> None:
    quoted = [target for page in PAGES for target in re.findall(r"`make ([a-z]+)", prose(page))]
    typed = re.findall(r"^make ([a-z]+)", shell_blocks(README), flags=re.MULTILINE)
    named = {*quoted, *typed}

    assert named >= {"run", "test", "build"}
    assert named <= make_targets()


def test_every_file_that_the_readme_names_exists() -> None:
    named = {re.sub(r"<\w+>", "*", name) for name in named_files()}

    assert "functions/*/app.py" in named
    assert not [name for name in named if not list(ROOT.glob(name))]


def test_the_decisions_are_numbered_in_order() -> None:
    numbers = re.findall(r"^\*\*(\d+)\.", (ROOT / "docs/decisions.md").read_text(), flags=re.MULTILINE)

    assert list(map(int, numbers)) == list(range(1, len(numbers) + 1))
