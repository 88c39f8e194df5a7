"""While tests run, jaxtyping and beartype check shapes and types at every function of m2t3."""

from pathlib import Path

from jaxtyping import install_import_hook

ROOT = Path(__file__).parents[1]


def checkable_modules() -> list[str]:
    """The modules of the package; those with numba in them can only be compiled unwrapped."""
    return [
        ".".join(("m2t3", *module.relative_to(ROOT).with_suffix("").parts))
        for package in ROOT.iterdir()
        if (package / "__init__.py").exists()
        for module in package.rglob("*.py")
        if module.stem != "__init__" and "import numba" not in module.read_text(encoding="utf-8")
    ]


install_import_hook(checkable_modules(), "beartype.beartype")
