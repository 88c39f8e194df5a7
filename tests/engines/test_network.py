"""The network: a stream with memory is the whole causal window, and the future is not looked at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from m2t3.core.skeletons import COCO17
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.onnx_export import example_inputs
from m2t3.lifting.denoiser import NetworkInputs
from m2t3.lifting.features import ground_hits
from m2t3.lifting.memory import HIDDEN, past_mask, phases

FRAMES, MEMORY = 20, 8  # frames of the window; memory_frames of the network
CONFIG = NetworkConfig(width=64, heads=2, layers=2, memory_frames=MEMORY, pointmap_channels=8)


@pytest.fixture(scope="module")
def window(network):
    """A window's tensors, as training has them, and the network's answer."""
    generator = torch.Generator().manual_seed(5)
    t_s = np.cumsum(np.random.default_rng(5).uniform(0.02, 0.08, (1, FRAMES)), axis=1)
    joints, config = network.joints, network.config
    noised = torch.randn(1, FRAMES, 4, 2 * joints + 3, generator=generator)
    features = torch.randn(1, FRAMES, network.observe[0].in_features, generator=generator)
    past = torch.zeros(1, config.layers, 4, config.heads, 0, config.width // config.heads)
    inputs = NetworkInputs(
        noised, torch.full((1,), 0.6), features, torch.from_numpy(phases(t_s)),
        torch.from_numpy(past_mask(FRAMES, MEMORY))[None], past, past,
    )  # fmt: skip
    with torch.inference_mode():
        return inputs, network(*inputs)


def step(network, inputs, t, keys, values, mask):
    """The network on frame `t` alone, with a memory."""
    with torch.inference_mode():
        return network(
            inputs.noised[:, t : t + 1], inputs.level, inputs.features[:, t : t + 1],
            inputs.phase[:, t : t + 1], mask, keys, values,
        )  # fmt: skip


def test_streaming_with_a_ring_of_memory_is_the_whole_causal_window(network, window):
    """Places are overwritten in turn: neither their order nor what hides in empty ones matters."""
    inputs, whole = window
    places = MEMORY - 1
    keys = torch.full((*inputs.keys.shape[:4], places, inputs.keys.shape[-1]), 7.0)
    values = keys.clone()
    hidden = torch.full((1, 1, places + 1), HIDDEN)
    hidden[..., -1] = 0.0
    for t in range(FRAMES):
        *answers, new_keys, new_values = step(network, inputs, t, keys, values, hidden)
        for found, expected in zip(answers, whole[:-2], strict=True):
            torch.testing.assert_close(found[:, 0], expected[:, t], atol=1e-4, rtol=1e-4)
        keys[..., t % places, :], values[..., t % places, :] = (
            new_keys[..., 0, :],
            new_values[..., 0, :],
        )
        hidden[..., t % places] = 0.0


def test_memory_is_needed(network, window):
    inputs, whole = window
    alone = step(network, inputs, FRAMES - 1, inputs.keys, inputs.values, torch.zeros(1, 1, 1))
    assert (alone[0][:, 0] - whole[0][:, -1]).abs().max() > 0.01


def test_a_frame_sees_its_past_and_no_further_back_than_memory(network, window):
    inputs, whole = window
    features = inputs.features.clone()
    features[:, 6] += 1.0
    with torch.inference_mode():
        changed = network(*inputs._replace(features=features))
    moved = (changed[0] - whole[0]).abs().amax(dim=(0, 2, 3)) > 1e-6
    reach = network.config.layers * (MEMORY - 1)  # each layer looks so much further back
    assert moved.nonzero()[:, 0].tolist() == list(range(6, min(FRAMES, 7 + reach)))


def test_only_time_differences_matter(network, window):
    inputs, whole = window
    t_s = np.cumsum(np.random.default_rng(5).uniform(0.02, 0.08, (1, FRAMES)), axis=1)
    with torch.inference_mode():
        later = network(*inputs._replace(phase=torch.from_numpy(phases(t_s + 1e5))))
    torch.testing.assert_close(later[0], whole[0], atol=1e-3, rtol=1e-3)  # phases are rounded


@pytest.mark.parametrize(
    ("ground", "rays", "pointmaps"),
    [("rays", 1, 0), ("none", 0, 0), ("pointmap", 0, 1), ("both", 1, 1)],
)
def test_a_network_sees_the_ground_as_it_is_told_to(make_network, window, ground, rays, pointmaps):
    network = make_network(replace(CONFIG, ground=ground))
    inputs = window[0]
    far, near = (network.ground(torch.tensor([d]), torch.tensor([2.0])) for d in (8.0, 3.0))
    higher = inputs.features.clone()
    higher[..., ground_hits(COCO17)] += 0.5
    with torch.inference_mode():
        before = network(*inputs[:7], *(far or ()))[0]
        other_rays = network(*inputs._replace(features=higher)[:7], *(far or ()))[0]
        other_map = network(*inputs[:7], *(near or ()))[0]
    assert ((other_rays - before).abs().max() > 1e-3) == rays
    assert ((other_map - before).abs().max() > 1e-3) == pointmaps


def test_a_network_learns_from_pointmaps_by_and_by():
    """What looks at them starts at zero, so that training goes on from weights without."""
    torch.manual_seed(4)
    network = MotionDenoiser(replace(CONFIG, ground="both"))
    inputs = example_inputs(CONFIG, 2, 3, 0)
    far, near = (network.ground(torch.full((2,), d), torch.full((2,), 2.0)) for d in (8.0, 3.0))
    torch.testing.assert_close(network(*inputs, *far), network(*inputs, *near))
    rays_only = MotionDenoiser(CONFIG)
    rays_only.load_state_dict({name: network.state_dict()[name] for name in rays_only.state_dict()})
    torch.testing.assert_close(network(*inputs, *far), rays_only(*inputs))


def test_rigs_together_are_what_they_are_alone(make_network):
    network = make_network(replace(CONFIG, ground="pointmap"))
    rigs = torch.tensor([2.0, 5.0, 11.0]), torch.tensor([0.5, 2.0, 4.0])
    together = network.ground(*rigs)
    for k in range(3):
        alone = network.ground(*(numbers[k : k + 1] for numbers in rigs))
        for one, all_of_them in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], all_of_them[k], atol=1e-4, rtol=1e-4)


def test_a_network_that_sees_pointmaps_is_not_run_without(make_network, window):
    with pytest.raises(ValueError, match="give what `ground` answers"):
        make_network(replace(CONFIG, ground="pointmap"))(*window[0])


def test_weights_from_before_the_switches_fit_the_defaults(network):
    before = {"skeleton": "coco17", "width": 64, "layers": 2, "heads": 2, "memory_frames": 8}
    old = MotionDenoiser(NetworkConfig(**before))
    assert not [name for name in old.state_dict() if "ground" in name or "pointmap" in name]
    old.load_state_dict(network.state_dict())


def test_a_pointmap_without_a_whole_cell_is_refused():
    with pytest.raises(ValueError, match=r"pointmap_px 16.*32 or more"):
        NetworkConfig(pointmap_px=16)


def test_a_width_that_does_not_fit_the_heads_is_refused():
    with pytest.raises(ValueError, match="heads 3 x 32"):
        NetworkConfig(width=100, heads=3)
