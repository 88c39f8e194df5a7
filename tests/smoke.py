"""Install a built package (the argument) in a clean environment and lift the demo with it."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

package = Path(sys.argv[1]).resolve()
with tempfile.TemporaryDirectory() as folder:
    venv.create(folder, with_pip=True)
    python = f"{folder}/bin/python"

    def run(*command: str) -> str:
        """Run `command` away from the checkout; its output."""
        return subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    run(python, "-m", "pip", "install", "--quiet", str(package))
    configs = run(python, "-c", "import m2t3; print(m2t3.__path__[0] + '/configs')").strip()
    heavy = run(python, "-m", "pip", "list")
    assert "torch" not in heavy, f"a bare install must stay small, but it has:\n{heavy}"
    run(f"{folder}/bin/m2t3", "doctor")
    run(
        f"{folder}/bin/m2t3", "lift", f"{configs}/demo_walk.npz",
        "--camera", f"{configs}/cam0.yaml", "--out", "poses.npz",
    )  # fmt: skip
    assert Path(folder, "poses.npz").stat().st_size > 0
    size_mb = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6
    print(f"{package.name}: {size_mb:.0f} MB with its dependencies; lifts the demo recording")
