"""The README and docs/ agree with the project: parameters, files, links, commands."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PACKAGE = ROOT / "layers/shared/image_store"
MOST_README_LINES = 150
"""A first visitor reads it whole; everything longer is a page of docs/."""
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *DECISIONS, *EXAMPLES]
MADE_BY_RUNNING = (".local", ".venv", ".aws-sam")


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def shell_blocks(page: Path) -> str:
    """The shell lines of a page."""
    return "".join(re.findall(r"^```sh$(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL))


def table_of(page: Path) -> list[list[str]]:
    """The cells of the one table of a page, without the table's own head."""
    rows = [line.strip("|").split("|") for line in page.read_text().splitlines() if line.startswith("|")]
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
    """Every path of this project that the README or CONTRIBUTING.md sets in backquotes."""
    pages = (README, ROOT / "CONTRIBUTING.md")
    return {name for page in pages for name in re.findall(r"`([\w.{}/<>*-]+)`", prose(page)) if is_path(name)}


def is_path(name: str) -> bool:
    """Whether a name begins at the top of the project, or is a path that begins with a layer of the package."""
    top, slash, _ = name.partition("/")
    layers = {path.name for path in PACKAGE.iterdir() if path.is_dir()} if slash else set()
    return top in {path.name for path in ROOT.iterdir()} | layers and not name.startswith(MADE_BY_RUNNING)


def template() -> Any:
    """The template, as SAM reads it."""
    # Here, because it takes a second, and every worker collects this file; it has no types.
    cfn_yaml: Any = importlib.import_module("cfnlint.decode.cfn_yaml")
    return json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))


def functions_of(template: Any) -> dict[str, tuple[str, str]]:
    """Memory and time of every function of a template, by the name of its folder."""
    defaults = template["Globals"]["Function"]
    resources = {name: resource["Properties"] for name, resource in template["Resources"].items()}
    return {
        name.removesuffix("Function").lower(): (
            f"{resources[name].get('MemorySize', defaults.get('MemorySize'))} MB",
            f"{resources[name].get('Timeout', defaults.get('Timeout'))} s",
        )
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def test_the_settings_table_is_the_templates_parameters() -> None:
    declared = {
        name: str(parameter["Default"]) if "Default" in parameter else "required"
        for name, parameter in template()["Parameters"].items()
    }

    documented = {
        row[0].strip("`"): "" if row[1] == "empty" else row[1].strip("`")
        for row in table_of(ROOT / "docs/settings.md")
    }

    assert documented == declared


def test_the_functions_of_the_operations_page_are_the_templates() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    [names] = re.findall(
        r"^\| [\w-]+ functions \| .* \| (.*); each with its own role \|$", page, flags=re.MULTILINE
    )
    table = page.partition("| function | memory | time |\n| --- | --- | --- |\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    documented = {
        name: (memory, re.split("[;,]", time)[0])
        for names, memory, time in rows
        for name in names.split(", ")
    }
    others = documented.pop("the others")

    functions = functions_of(template())

    assert sorted(names.split(", ")) == sorted(functions)
    assert {name: documented.get(name, others) for name in functions} == functions


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    destination = (page.parent / path).resolve() if path else page

    assert destination.exists()
    assert not anchor or anchor in anchors(destination)


def test_the_pages_have_links_to_check() -> None:
    assert len(links()) > 20


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= MOST_README_LINES


def test_the_index_lists_every_page_of_the_documentation() -> None:
    index = ROOT / "docs/README.md"
    names = set(re.findall(r"\]\(([\w-]+\.md)\)", index.read_text()))

    assert names == {page.name for page in (ROOT / "docs").glob("*.md")} - {index.name}


def test_every_make_target_that_is_named_exists() -> None:
    quoted = [target for page in PAGES for target in re.findall(r"`make ([a-z]+)", prose(page))]
    typed = [
        target
        for page in PAGES
        for target in re.findall(r"^make ([a-z]+)", shell_blocks(page), flags=re.MULTILINE)
    ]
    named = {*quoted, *typed}

    assert named >= {"run", "test", "build"}
    assert named <= make_targets()


def test_every_file_that_a_page_at_the_top_names_exists() -> None:
    named = {re.sub(r"<\w+>", "*", name) for name in named_files()}

    assert {"functions/*/app.py", "services/images/write_protocol.py"} <= named
    assert not [name for name in named if not [*ROOT.glob(name), *PACKAGE.glob(name)]]


def test_no_page_refers_to_a_decision_by_number() -> None:
    assert not [page.name for page in PAGES if re.search(r"\bdecisions? \d", prose(page))]
