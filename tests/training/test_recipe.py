"""Recipes: strict, and weaker than the command line."""

from pathlib import Path

import pytest

from m2t3.core.errors import M2t3Error
from m2t3.training import command
from m2t3.training.config import TrainConfig
from m2t3.training.recipe import read_recipe

RECIPES = sorted((Path(__file__).parents[2] / "configs").glob("train_*.yaml"))


@pytest.fixture
def recipe(tmp_path):
    def write(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


def test_a_recipe_changes_what_it_names_and_nothing_else(recipe):
    path = recipe(
        """
        archives: [a.npz, b.npz]
        steps: 70
        muon_rate: 2e-3
        network: {layers: 3}
        window: {camera: {height_m: [1, 2]}}
        """
    )
    defaults = TrainConfig(out=Path("runs/x"))
    config = read_recipe(path, defaults)
    assert config.archives == (Path("a.npz"), Path("b.npz"))
    assert (config.steps, config.muon_rate, config.network.layers) == (70, 0.002, 3)
    assert config.window.camera.height_m == (1.0, 2.0)
    assert config.window.camera.distance_m == defaults.window.camera.distance_m
    assert (config.out, config.start, config.loss) == (Path("runs/x"), None, defaults.loss)


def test_a_recipe_builds_on_its_base(recipe, tmp_path):
    (tmp_path / "first.yaml").write_text("steps: 70\nnetwork: {layers: 3, width: 64, heads: 2}")
    (tmp_path / "then.yaml").write_text("base: first.yaml\nseed: 5\nnetwork: {layers: 2}")
    config = read_recipe(recipe("base: then.yaml\nsteps: 80"), TrainConfig())
    network = config.network
    assert (config.steps, config.seed, network.layers, network.width) == (80, 5, 2, 64)
    (tmp_path / "first.yaml").write_text("base: recipe.yaml")
    with pytest.raises(M2t3Error, match=r"first\.yaml: base: recipe\.yaml builds on first\.yaml"):
        read_recipe(tmp_path / "recipe.yaml", TrainConfig())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step: 3", ("'step'", "did you mean 'steps'?")),
        ("network: {widht: 64}", ("network", "'widht'", "did you mean 'width'?")),
        ("network: 64", ("network is 64", "width")),
        ("steps: many", ("int", "$.steps")),
        ("archives: one.npz", ("array", "$.archives")),
        ("network: {width: 50}", ("width 50",)),
        ("decay: 1.5", ("--decay", "0 to 1")),
        ("network: {memory_frames: 1}", ("--network.memory-frames 1", "give 2 or more")),
        ("network: {width: 0, heads: 0}", ("--network.heads 0", "give 1 or more")),
        ("window: {frames: 1}", ("--window.frames 1", "give 2 or more")),
        ("window: {batch: 0}", ("--window.batch 0", "give 1 or more")),
        ("loss: {bone: .nan}", ("--loss.bone nan", "from 0 up")),
        ("loss: {noised: -1}", ("--loss.noised -1", "from 0 up")),
        ("adam_rate: -1e-3", ("--adam-rate -0.001", "from 0 up")),
        ("minutes: .inf", ("--minutes inf", "from 0 up")),
        ("seed: -1", ("--seed -1", "from 0 up")),
        ("window: {noise: {exact: 1.5}}", ("--window.noise.exact 1.5", "0 to 1")),
        ("window: {noise: {sigma: [0, 0.03]}}", ("--window.noise.sigma 0 0.03", "above 0")),
        ("window: {tumbling: {landing_s: 0}}", ("--window.tumbling.landing-s 0", "above 0")),
        ("window: {camera: {height_m: [3, 2]}}", ("--window.camera.height-m 3 2", "lower number")),
        ("window: {camera: {anchor_error: []}}", ("--window.camera.anchor-error is empty", "one")),
        ("archives: [a.npz]\nshares: [0]", ("--shares 0", "more than 0")),
        ("archives: [a.npz, b.npz]\nshares: [1, -2]", ("--shares 1 -2", "leave out")),
        (
            "archives: [a.npz, b.npz, c.npz]\nwindow: {body: {soles_m: [0, 0.05]}}",
            ("2", "3", "soles"),
        ),
        ("steps: 1\nsteps: 2", ("'steps'", "twice")),
        ("- steps", ("mapping",)),
    ],
)
def test_a_recipe_that_will_not_do_is_refused_in_words(recipe, text, words):
    path = recipe(text)
    with pytest.raises(M2t3Error) as error:
        read_recipe(path, TrainConfig())
    for word in (str(path), *words):
        assert word in str(error.value)


def test_a_recipe_that_is_not_there_is_told_by_its_name():
    with pytest.raises(M2t3Error, match=r"nowhere\.yaml"):
        read_recipe(Path("nowhere.yaml"), TrainConfig())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_in_configs_can_be_read(path):
    assert read_recipe(path, TrainConfig()).network.skeleton in path.stem


@pytest.fixture
def trained(monkeypatch):
    """What `m2t3 train` would train."""
    calls = []
    monkeypatch.setattr(command, "train", lambda *call: calls.append(call) or 0)
    return calls


def test_the_command_line_wins_over_the_recipe(recipe, trained):
    path = recipe("steps: 70\nseed: 5\nnetwork: {layers: 3}")
    options = ["--recipe", str(path), "--archives", "a.npz", "--seed", "9", "--from", "b.pt"]
    assert command.Train.read("m2t3 train", ["finetune", *options]).run() == 0
    [(config, stage, machines)] = trained
    assert (stage, machines.devices) == ("finetune", 1)
    assert (config.seed, config.steps, config.network.layers) == (9, 70, 3)
    assert (config.archives, config.start) == ((Path("a.npz"),), Path("b.pt"))


def test_the_two_stages_do_not_share_a_folder(trained):
    for stage in ("pretrain", "finetune"):
        command.Train.read("m2t3 train", [stage, "--archives", "a.npz"]).run()
    assert len({config.out for config, *_ in trained}) == 2
