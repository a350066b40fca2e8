"""Imports go one way: streamlit_app -> pages -> pages/shared -> pages/components -> aecore, and
downwards inside aecore.

Everything but the last test reads the source, so it also sees imports inside functions.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conftest import ROOT

# The rooms of aecore and the rooms that each may import; what a run is (the modules beside them) all may use.
ROOMS = {
    "own": set(),
    "data": {"own"},
    "training": {"data"},
    "store": {"own", "data"},
    "analysis": {"own", "data", "store"},
    "web": {"data", "store", "analysis"},
    "export": {"own", "data", "store", "analysis", "web", "figures"},
    "figures": {"data", "store", "analysis"},
    "jobs": {"own", "data", "training", "store", "analysis"},
    "gallery": {"data", "store", "analysis", "jobs"},
    # No folder: scikit-learn's way to a training. `export` holds trained models, and may not train.
    "estimator": {"data", "training"},
}
# What two rooms of pages may import of the others; any other room is a page's, which imports these two.
PAGE_ROOMS = {"components": set(), "shared": {"components"}}
WHAT_A_RUN_IS = {"config", "presets", "palette", "models", "losses", "grid", "results", "records", "batch"}
WHAT_A_RUN_IS |= {"settings", "naming", "files", "cache", "places", "corruption", "binarization"}
WHAT_A_RUN_IS |= {"events", "looks", "version", "strata", "drafts", "memory", "processes", "stamps"}
WHAT_A_RUN_IS |= {"cores", "access", "owners", "kept", "halving", "limits", "glossary", "trash"}
# These import nothing of ours but each other.
GROUND = ("palette", "records", "batch", "files", "cache", "places", "version", "strata")
GROUND += ("drafts", "memory", "processes", "stamps", "access", "owners", "kept", "limits")
GROUND += ("glossary", "trash", "cores")
# To list runs and draw a page must not wait for torch.
LIGHT = ("config", "results", "events", "looks", "grid", "settings", "store", "jobs")
LIGHT += ("own.build", "own.opening", "export.explorer.grid")
HEAVY = {"torch", "torchvision", "sklearn", "skimage", "openTSNE", "altair", "scipy"}
HEAVY |= {"onnx", "onnxruntime", "vl_convert"}


def module_name(path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(folder: str) -> dict:
    """Dotted name to path of every module below a folder of the repository."""
    return {module_name(path): path for path in sorted((ROOT / folder).rglob("*.py"))}


AECORE = sources("aecore")
PAGES = sources("pages")
ENTRY = {name: ROOT / f"{name}.py" for name in ("serve", "streamlit_app")}


def when_imported(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: all but those inside functions and type-only blocks."""
    for node in ast.iter_child_nodes(tree):
        type_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not type_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from when_imported(node)


def imports(name: str, path, only_when_imported: bool = False) -> set[str]:
    """Dotted names a file imports; `from package import thing` is package.thing where that is a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    known = AECORE.keys() | PAGES.keys()
    found = set()
    for node in when_imported(tree) if only_when_imported else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {full if (full := f"{base}.{alias.name}") in known else base for alias in node.names}
    return found


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def with_packages(names: set[str]) -> set[str]:
    """Importing a.b.c runs a and a.b first."""
    return {
        ".".join(parts[: n + 1]) for parts in (name.split(".") for name in names) for n in range(len(parts))
    }


def reach(start: set[str], graph: dict[str, set[str]]) -> set[str]:
    """Everything reachable in the graph, the start included."""
    seen, todo = set(), set(start)
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= graph.get(name, set()) - seen
    return seen


GRAPH = {name: imports(name, path) for name, path in AECORE.items()}
GRAPH_WHEN_IMPORTED = {
    name: with_packages(imports(name, path, only_when_imported=True))
    for name, path in (AECORE | PAGES | ENTRY).items()
}


def part(name: str) -> str:
    """`aecore.data.sprites` belongs to `data`, `aecore` itself to ``."""
    return name.split(".")[1] if "." in name else ""


def page_room(name: str) -> str:
    """`pages.shared.state` belongs to `shared`, `pages.look.codes.panel` to `look.codes`."""
    parts = name.split(".")[1:]
    return parts[0] if parts[0] in (*PAGE_ROOMS, "home") else ".".join(parts[:2])


def page_rooms(names: set[str]) -> set[str]:
    """The rooms of those of the names that are parts of pages."""
    return {page_room(name) for name in names if name.startswith("pages.")}


def test_the_scan_sees_imports():
    assert AECORE, "aecore has no module: the scan looks in the wrong place."
    config = imports("aecore.config", AECORE["aecore.config"])
    assert {"json", "dataclasses"} <= config
    codes = imports("pages.look.codes.page", PAGES["pages.look.codes.page"])
    assert page_rooms(codes) == {"look.codes", "shared", "components"}


@pytest.mark.parametrize("name", AECORE)
def test_aecore_knows_nothing_above_it(name):
    assert not tops(GRAPH[name]) & {"streamlit", "streamlit_app", "serve", "pages", "tests", "benchmarks"}


def test_aecore_has_no_import_cycle():
    try:
        TopologicalSorter({name: GRAPH[name] & AECORE.keys() for name in AECORE}).prepare()
    except CycleError as error:
        pytest.fail(f"These modules import each other: {' -> '.join(reversed(error.args[1]))}", pytrace=False)


@pytest.mark.parametrize("name", AECORE)
def test_aecore_imports_downwards(name):
    ours = {part(other) for other in GRAPH[name] if other in AECORE and part(other) != part(name)}
    if part(name) in GROUND:
        assert ours <= set(GROUND)
    elif part(name) in ROOMS:
        assert ours <= ROOMS[part(name)] | WHAT_A_RUN_IS
    elif part(name) in WHAT_A_RUN_IS:
        assert ours <= WHAT_A_RUN_IS | {"data"}
    else:
        assert part(name) == "commands" or name in ("aecore", "aecore.__main__", "aecore.command_flags")


def test_only_the_store_knows_the_names_of_files():
    """Not from `store.names`, and not written out elsewhere either."""
    from aecore.store import names

    known = [value for name, value in vars(names).items() if name.isupper() and "." in value]
    assert len(known) > 8
    for name, path in AECORE.items():
        if part(name) != "store":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            # Hubs look for a model's settings by the name that a run's have.
            allowed = {names.CONFIG} if part(name) == "export" else set()
            assert not texts & set(known) - allowed, name
    for name, path in PAGES.items():
        texts = {
            node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
        }
        # A config that is downloaded is called as it is in its folder.
        assert not texts & (set(known) - {names.CONFIG}), name
    for name in AECORE.keys() | PAGES.keys():
        inside = name.startswith("aecore.store")
        assert inside or "aecore.store.names" not in imports(name, (AECORE | PAGES)[name]), name


def test_no_private_name_of_torch_is_used():
    """The next torch may not have it."""
    private = re.compile(r"\btorch(\.\w+)*\._\w+|\btorch\.ops\.|from torch[\w.]* import .*\b_\w+")
    for name, path in (AECORE | PAGES).items():
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if private.search(line)]
        assert not found, f"{name}: {found}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_imports_its_own_parts_and_what_pages_share(name):
    room = page_room(name)
    assert page_rooms(imports(name, PAGES[name])) <= PAGE_ROOMS.get(room, {"components", "shared"}) | {room}


@pytest.mark.parametrize("name", PAGES)
def test_pages_know_nothing_above_them(name):
    assert not tops(imports(name, PAGES[name])) & {"streamlit_app", "serve", "tests", "benchmarks"}


@pytest.mark.parametrize("name", [*PAGES, *ENTRY])
def test_a_page_shows_before_heavy_modules_load(name):
    heavy = tops(reach({name}, GRAPH_WHEN_IMPORTED)) & HEAVY
    assert not heavy, f"{name} imports {heavy} at its top: import inside the function."


@pytest.mark.parametrize("name", [name for name in LIGHT if f"aecore.{name}" in AECORE])
def test_light_modules_import_without_torch(name):
    code = f"import sys, aecore.{name}; print(sorted({HEAVY - {'altair'}!r} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_training_begins_without_waiting_for_what_it_does_not_need():
    """These take as long to import as torch does; a stop is heard no sooner than they are there."""
    code = (
        "import sys, aecore.jobs.recording, aecore.jobs.steering\n"
        "from aecore import data; data.load('digits')\n"
        f"print(sorted({HEAVY - {'torch'} | {'pandas'}!r} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
