"""The console's modules, joined into two files (F1)."""

from __future__ import annotations

import re

import pytest

from image_store.entrypoints.operations.console_scripts import joined

MODULES = {
    "main.js": """import { start } from "./frame.js";
start();""",
    "frame.js": """import { h } from "./dom.js";
const show = () => import("./gallery.js").then((module) => module.show);
const open = () => import("./viewer.js").then((module) => module.open);
export function start() { return [h, show, open]; }""",
    "gallery.js": """import { h, s } from "./dom.js";
export async function show() { return h(s); }""",
    "viewer.js": """import { h } from "./dom.js";
import { closer } from "./zoom.js";
export const open = () => h(closer);""",
    "zoom.js": "export class closer {}",
    "dom.js": """const helper = 1;
export const h = (x) => x + helper;
export function s() {}""",
}


def test_a_first_visit_has_in_one_file_what_it_needs_each_after_what_it_imports() -> None:
    files = joined(MODULES, first=["gallery.js"], version="v1")

    held = re.findall(r"^const \$(\w+) = ", files["main.js"], re.MULTILINE)

    assert held == ["dom", "gallery", "frame"]
    assert (
        "const { h, s } = $dom;\nasync function show() { return h(s); }\nreturn { show };" in files["main.js"]
    )
    assert files["main.js"].endswith("const { start } = $frame;\nstart();")


def test_the_rest_shares_what_the_first_file_has_and_is_loaded_when_it_is_wanted() -> None:
    files = joined(MODULES, first=["gallery.js"], version="v1")

    assert files["rest.js"].startswith('import { $dom } from "./main.js?v=v1";\n')
    assert "export { $dom };" in files["main.js"]
    assert re.findall(r"^const \$(\w+) = ", files["rest.js"], re.MULTILINE) == ["zoom", "viewer"]
    assert files["rest.js"].endswith("export { $zoom, $viewer };")
    assert 'import("./rest.js?v=v1").then((all) => all.$viewer).then' in files["main.js"]
    assert "Promise.resolve($gallery).then" in files["main.js"]


@pytest.mark.parametrize(
    "line",
    [
        'import * as dom from "./dom.js";',
        'import dom from "./dom.js";',
        'import { h as make } from "./dom.js";',
        'import { h }\n  from "./dom.js";',
        'import "./dom.js";',
        'export * from "./dom.js";',
        "export default 1;",
        "export let x = 1;",
        "const load = (name) => import(name);",
        'const load = () => import("https://example.com/x.js");',
    ],
)
def test_a_module_in_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="form that is not joined"):
        joined(MODULES | {"zoom.js": line}, first=[], version="v1")


def test_modules_that_need_each_other_are_refused() -> None:
    circle = {"dom.js": 'import { closer } from "./zoom.js";', "zoom.js": 'import { h } from "./dom.js";'}

    with pytest.raises(ValueError, match=r"circle: .*dom\.js → zoom\.js → dom\.js"):
        joined(MODULES | circle, first=[], version="v1")


def test_a_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"viewer\.js imports zoom\.js, which is not there"):
        joined({name: text for name, text in MODULES.items() if name != "zoom.js"}, first=[], version="v1")
