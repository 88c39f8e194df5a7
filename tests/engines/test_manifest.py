"""Weights are what their manifest says, or they are refused with the mend."""

import pytest

from m2t3.core.errors import EngineError
from m2t3.engines.manifest import DEFAULT_WEIGHTS, find_weights, shipped_weights


def test_a_model_that_is_not_the_manifests_is_refused(change_manifest):
    with pytest.raises(EngineError, match=r"not the file that its manifest describes.*reinstall"):
        find_weights(str(change_manifest(sha256="0" * 64)))


def test_a_manifest_without_its_model_is_refused(change_manifest):
    folder = change_manifest()
    (folder / "model.onnx").unlink()
    with pytest.raises(EngineError, match="missing"):
        find_weights(str(folder))


def test_weights_without_the_ground_that_they_look_at_are_refused(change_manifest):
    with pytest.raises(EngineError, match=r"ground\.onnx is missing"):
        find_weights(str(change_manifest(ground_sha256="0" * 64)))


@pytest.mark.parametrize(
    ("change", "answer"),
    [({"layers": "six"}, "layers"), ({"licence": ...}, "licence"), ({"licenze": "MIT"}, "licenze")],
)
def test_a_manifest_that_cannot_be_read_names_the_key(change_manifest, change, answer):
    with pytest.raises(EngineError, match=rf"manifest\.json: .*{answer}.*m2t3 train export"):
        find_weights(str(change_manifest(**change)))


def test_a_manifest_that_is_no_json_is_refused(change_manifest):
    folder = change_manifest()
    (folder / "manifest.json").write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(EngineError, match=r"manifest\.json: .*m2t3 train export"):
        find_weights(str(folder))


def test_no_folder_hides_a_shipped_set(tmp_path, monkeypatch):
    (tmp_path / DEFAULT_WEIGHTS).mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_weights(DEFAULT_WEIGHTS).option == DEFAULT_WEIGHTS


def test_unknown_weights_are_refused_and_the_known_are_named():
    with pytest.raises(EngineError, match=rf"'coco18'.*{DEFAULT_WEIGHTS}.*m2t3 train export"):
        find_weights("coco18")


@pytest.mark.parametrize("name", shipped_weights())
def test_shipped_weights_are_their_manifests_and_carry_their_datas_licence(name):
    manifest = find_weights(name).manifest  # compares the digest
    assert manifest.name == name
    assert manifest.data
    restricted = [source for source in manifest.data if "NC" in source]
    assert name.endswith("-nc") == bool(restricted)
    assert ("non-commercial" in manifest.licence) == bool(restricted)


def test_the_default_weights_are_shipped():
    assert DEFAULT_WEIGHTS in shipped_weights()
