"""Every package that is imported is declared, and what the app declares is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.conftest import ROOT

OURS = {"aecore", "pages", "tests", "benchmarks", "streamlit_app"}


def declared(file: str) -> dict[str, str]:
    """Names of the packages in a requirements file, normalized, with their line; without included files."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    names = ((re.match(r"[\w.-]+", line), line) for line in lines if not line.startswith(("#", "-")))
    return {normal(name[0]): line for name, line in names if name}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*folders: str) -> dict[str, str]:
    """Names of the packages that the files below import, normalized, each with a file that does."""
    known = packages_distributions()
    found = {}
    for path in (path for folder in folders for path in ROOT.glob(folder)):
        for module in modules(path):
            if module not in OURS and module not in sys.stdlib_module_names:
                for package in known.get(module, [module]):
                    found[normal(package)] = str(path.relative_to(ROOT))
    return found


def modules(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


# What some things need, in a file each.
OPTIONAL = ("requirements-ray.txt", "requirements-onnx.txt", "requirements-tensorboard.txt")
APP = ("aecore/**/*.py", "pages/**/*.py", "streamlit_app.py", "serve.py")


def test_the_app_declares_what_it_imports_and_nothing_else():
    used = imported(*APP)
    assert {"torch", "streamlit"} <= used.keys(), "the scan looks in the wrong place"
    # What PyTorch imports itself, for its exporter and its event files, is declared beside what we do.
    used |= {"onnxscript": "torch.onnx", "tensorboard": "torch.utils.tensorboard"}
    files = ("requirements.txt", *OPTIONAL)
    assert used.keys() == {name for file in files for name in declared(file)}, used


def test_tests_and_benchmarks_declare_what_they_import():
    files = ("requirements.txt", *OPTIONAL, "requirements-dev.txt")
    missing = {
        package: file
        for package, file in imported("tests/**/*.py", "benchmarks/**/*.py", "docs/*.py").items()
        if not any(package in declared(name) for name in files)
    }
    assert not missing


def without_comment(line: str) -> str:
    return line.partition("#")[0].strip()


def test_what_is_installed_is_what_the_requirements_name():
    """The package's dependencies are those of requirements.txt, each extra those of a file of its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = {path.stem: declared(path.name).values() for path in ROOT.glob("requirements*.txt")}
    named = {name: sorted(map(without_comment, lines)) for name, lines in files.items()}
    assert sorted(project["dependencies"]) == named.pop("requirements")
    del named["requirements-dev"]
    extras = {f"requirements-{n}": sorted(lines) for n, lines in project["optional-dependencies"].items()}
    assert extras == named


def test_every_requirement_has_a_lower_bound_and_says_what_for():
    for file in ("requirements.txt", *OPTIONAL, "requirements-dev.txt"):
        for line in declared(file).values():
            assert re.match(r"[\w.-]+>=\d+(\.\d+)*(,<\d+(\.\d+)*)? *(# \S.*)?$", line), f"{file}: {line}"
    for line in (declared("requirements.txt") | declared("requirements-dev.txt")).values():
        assert "# " in line, line
