"""The console's modules as two files: what a first visit needs, and the rest.

Some forty small modules are good to read and slow to load: each is a request, in waves as imports are found, and each
wave may start functions. They are joined as they stand. A module becomes a function that answers its exports, in an
order in which each comes after those it imports, so names of one never meet those of another:

    const $dom = (() => { … return { h, s }; })();

That is all of it: there is no parser here, and the modules keep to forms that need none. Imports are named ones, one
a line; exports stand before `function`, `async function`, `class` or `const`. Any other form is refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_Lazily = Callable[[str], str]

ENTRY = "main.js"
REST = "rest.js"

_IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "\./([\w-]+\.js)";')
_LAZY = re.compile(r'\bimport\("\./([\w-]+\.js)"\)')
_EXPORT = re.compile(r"export ((?:(?:async )?function|class|const) (\w+).*)")


@dataclass(frozen=True, slots=True)
class Module:
    """A module as it was written, and the modules and names that it declares."""

    text: str
    """Without `import` and `export`, but for what it loads when it is wanted."""
    imports: tuple[str, ...]
    exports: tuple[str, ...]


def read(name: str, text: str) -> Module:
    """Read a module; ValueError for one in a form that is not joined."""
    lines, imports, exports = [], [], []
    for line in text.splitlines():
        if found := line.startswith("import ") and _IMPORT.fullmatch(line):
            imports.append(found[2])
            lines.append(f"const {{ {found[1]} }} = {_held(found[2])};")
        elif found := line.startswith("export ") and _EXPORT.fullmatch(line):
            exports.append(found[2])
            lines.append(found[1])
        elif line.startswith(("import", "export")) or "import(" in _LAZY.sub("", line):
            raise ValueError(f"{name} has an import or export in a form that is not joined: {line}")
        else:
            lines.append(line)
    return Module("\n".join(lines), tuple(imports), tuple(exports))


def joined(sources: Mapping[str, str], *, first: Iterable[str], version: str) -> dict[str, str]:
    """The two files by their names; `first` names modules that the entry loads lazily and a first visit wants at once.

    Raises ValueError for a module that is not there, or in a form that is not understood, and for a circle of imports.
    """
    modules = {name: read(name, text) for name, text in sources.items()}
    soon = _in_order(modules, [*first, ENTRY])
    late = [name for name in _in_order(modules, sorted(modules)) if name not in soon]
    rest_url = f"./{REST}?v={version}"

    def lazily(name: str) -> str:
        return (
            f"Promise.resolve({_held(name)})"
            if name in soon
            else f'import("{rest_url}").then((all) => all.{_held(name)})'
        )

    shared = sorted({name for each in late for name in modules[each].imports if name in soon})
    entry = [_wrapped(name, modules[name], lazily) for name in soon if name != ENTRY]
    entry += [_export(shared), _body(modules[ENTRY], lazily)]
    rest = [f'import {{ {", ".join(map(_held, shared))} }} from "./{ENTRY}?v={version}";']
    rest += [*(_wrapped(name, modules[name], lazily) for name in late), _export(late)]
    return {ENTRY: "\n".join(entry), REST: "\n".join(rest)}


def superseded(name: str, *, version: str) -> str | None:
    """What a page of another version gets at the address of a script; None for any other file.

    The joined scripts are one program, and half of another beside it would begin a second one in the same page: what a
    page needs to begin is that of today, and one that has begun is loaded again, at the address that it shows.
    """
    if name == ENTRY:
        return f'import "./{ENTRY}?v={version}";'
    return "location.reload();\nawait new Promise(() => {});" if name == REST else None


def _in_order(modules: Mapping[str, Module], wanted: Iterable[str]) -> list[str]:
    """What is wanted and what that needs, each after what it imports."""
    ordered: dict[str, None] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in ordered:
            return
        if name in path:
            raise ValueError(f"Modules import each other in a circle: {' → '.join([*path, name])}.")
        if name not in modules:
            raise ValueError(f"{path[-1] if path else 'Something'} imports {name}, which is not there.")
        for needed in modules[name].imports:
            add(needed, (*path, name))
        ordered[name] = None

    for name in wanted:
        add(name, ())
    return list(ordered)


def _wrapped(name: str, module: Module, lazily: _Lazily) -> str:
    exports = ", ".join(module.exports)
    return f"const {_held(name)} = (() => {{\n{_body(module, lazily)}\nreturn {{ {exports} }};\n}})();"


def _body(module: Module, lazily: _Lazily) -> str:
    return _LAZY.sub(lambda found: lazily(found[1]), module.text)


def _export(names: Iterable[str]) -> str:
    return f"export {{ {', '.join(map(_held, names))} }};"


def _held(name: str) -> str:
    """The constant that holds a module's exports; its name can be none of a module's own."""
    return "$" + name.removesuffix(".js").replace("-", "_")
