"""The Unity package and the Unreal plugin are whole; the package's own tests pass."""

import json
import re
import subprocess

import pytest

import m2t3
from m2t3.clients.schema.__main__ import ROOT

UNITY, UNREAL = ROOT / "clients/unity", ROOT / "clients/unreal"
ASSETS = [
    path
    for path in UNITY.rglob("*")
    if path.suffix != ".meta" and not any(part.endswith("~") for part in path.parts)
]


def test_the_packages_own_tests_pass(programs):
    result = subprocess.run(
        ["mono", programs / "tests.exe"], capture_output=True, text=True, check=True
    )
    assert result.stdout.count("passed ") >= 4
    assert "failed" not in result.stdout


@pytest.mark.parametrize("asset", ASSETS, ids=lambda path: str(path.relative_to(UNITY)))
def test_unity_finds_a_meta_file_beside(asset):
    meta = asset.with_name(asset.name + ".meta").read_text()
    assert re.search(r"^guid: [0-9a-f]{32}$", meta, re.MULTILINE)
    assert ("folderAsset: yes" in meta) == asset.is_dir()


def test_no_meta_file_is_an_orphan_and_no_guid_comes_twice():
    metas = [*UNITY.rglob("*.meta")]
    assert {meta.with_suffix("") for meta in metas} == set(ASSETS)
    guids = [re.search(r"guid: (\w+)", meta.read_text())[1] for meta in metas]
    assert len(set(guids)) == len(guids)


def test_descriptions_are_json_and_of_this_version():
    assert json.loads((UNITY / "package.json").read_text())["version"] == m2t3.__version__
    plugin = json.loads((UNREAL / "M2t3LiveLink.uplugin").read_text())
    assert plugin["VersionName"] == m2t3.__version__
    for module in plugin["Modules"]:
        assert (UNREAL / "Source" / module["Name"] / f"{module['Name']}.Build.cs").exists()
    for assembly in UNITY.rglob("*.asmdef"):
        assert json.loads(assembly.read_text())["name"] == assembly.stem


def test_the_core_of_the_unity_package_knows_no_engine():
    assembly = json.loads((UNITY / "Runtime/Core/M2t3.Core.asmdef").read_text())
    assert assembly["noEngineReferences"]
    assert all("UnityEngine" not in path.read_text() for path in UNITY.glob("Runtime/Core/*.cs"))
