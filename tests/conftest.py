"""While tests run, beartype checks types and shapes in every module that annotates shapes.

What m2t3 keeps on a machine is kept in a folder of the tests' own.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

ROOT = Path(__file__).parents[1]
COMPILED = re.compile(r"^import numba|core\.compiling import", re.MULTILINE)
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int may stand for a float


def annotated_modules() -> list[str]:
    """The modules of the package that use jaxtyping, less those that numba compiles as they are."""
    modules = []
    for package in ROOT.iterdir():
        if (package / "__init__.py").exists():
            for module in package.rglob("*.py"):
                text = module.read_text(encoding="utf-8")
                if "from jaxtyping import" in text and not COMPILED.search(text):
                    parts = module.relative_to(ROOT).with_suffix("").parts
                    modules.append(".".join(("m2t3", *parts)).removesuffix(".__init__"))
    return modules


install_import_hook(annotated_modules(), f"{__name__}.checked")

os.environ["M2T3_CACHE"] = tempfile.mkdtemp(prefix="m2t3-tests-")
atexit.register(shutil.rmtree, os.environ["M2T3_CACHE"], ignore_errors=True)
