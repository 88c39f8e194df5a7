"""A walking person, the camera that sees them, an oracle and a random network."""

from pathlib import Path

import numpy as np
import pytest
import torch

import m2t3
from m2t3.calibration.camera_files.camera_file import read_camera_file
from m2t3.core.skeletons import COCO17
from m2t3.engines.network import MotionDenoiser, NetworkConfig
from m2t3.engines.torch_engine import TorchDenoiser
from m2t3.lifting import representation
from m2t3.lifting.denoiser import DenoiserShape, NetworkOutputs
from m2t3.lifting.diffusion import Denoised
from m2t3.lifting.memory import phases
from m2t3.lifting.rig import VIEWS, Rig, project, view_axes, view_distances
from m2t3.realtime.demo_person import demo_motion

J = COCO17.joint_count


class Oracle:
    """Knows where one person is at any time, and reads the rig's place from the features alone.

    Its answer is exact, so whatever is lost on the way to the room is the lifter's fault.
    """

    shape = DenoiserShape(COCO17, layers=1, heads=1, head_width=2, memory_frames=4)

    def __init__(self, t_s, positions_world_m, camera, trust=0.0):
        self.phases = phases(np.asarray(t_s))
        self.truth = positions_world_m
        self.camera_m = camera.t_world_camera_m
        self.trust = trust
        self.calls = []  # frames asked for in each call

    def ground(self, distance_m, height_m):
        return None

    def __call__(self, inputs):
        b, t, _ = inputs.features.shape
        assert b == 1
        self.calls.append(t)
        motion = [
            self.motion(f, p) for f, p in zip(inputs.features[0], inputs.phase[0], strict=True)
        ]
        nothing = np.zeros((1, 1, VIEWS, 1, t, 2), np.float32)
        return NetworkOutputs(
            Denoised(
                motion=np.stack(motion)[None].astype(np.float32),
                log_weight=np.zeros((1, t, VIEWS, J), np.float32),
                trust=np.full((1, t, J), self.trust, np.float32),
                log_error=np.full((1, t, J), -2.0, np.float32),
                contact=np.zeros((1, t, 2), np.float32),
                depth_log_error=np.full((1, t, 1), -15.0, np.float32),
                ankle_height_m=np.zeros((1, t, 2), np.float32),
                ankle_log_error=np.zeros((1, t, 2), np.float32),
                size=np.zeros((1, t, 2), np.float32),
            ),
            nothing,
            nothing,
        )

    def motion(self, features, phase):
        """The truth's motion vectors in the rig that `features` speak of."""
        local, seen, center = features[: 2 * J], features[2 * J : 3 * J], features[4 * J :][:2]
        log_spread, log_distance, log_height = features[4 * J + 2], features[-7], features[-6]
        distance, height = 4.0 * np.exp(np.float64([log_distance])), 1.7 * np.exp(log_height)
        height = np.float64([height])
        axes, centers = view_axes(distance, height)
        distances = view_distances(distance, height)
        if not seen.any():  # a place of the memory that is still empty
            return np.zeros((VIEWS, representation.motion_size(J)))
        joint = int(np.argmax(seen))
        spread = 0.45 * np.exp(log_spread / 2)
        u, v = (local.reshape(J, 2)[joint] * spread + center) / distances[0, 0]
        ray_rig = np.array([u, v, 1.0]) @ axes[0, 0]
        truth = self.truth[np.argmin(np.abs(self.phases - phase).max(axis=(1, 2)))]
        ray = truth[joint] - self.camera_m
        yaw = np.arctan2(ray[1], ray[0]) - np.arctan2(ray_rig[1], ray_rig[0])
        anchor = self.camera_m[:2] + distance * np.array([np.cos(yaw), np.sin(yaw)])
        rig = Rig(anchor, float(yaw), float(distance[0]), float(height[0]))
        points = (truth - np.append(anchor, 0.0)) @ rig.R_rig_world.T
        return representation.encode(project(points[None], axes, centers), distances, COCO17)[0]


@pytest.fixture(scope="session")
def camera():
    return read_camera_file(Path(m2t3.__file__).parent / "configs" / "cam0.yaml").camera


@pytest.fixture(scope="session")
def motion():
    """Makes the demo person's T frames (T, J, 3) at some rate."""
    return lambda fps, seconds=22.0: demo_motion(fps).positions_world_m[: round(fps * seconds)]


@pytest.fixture(scope="session")
def oracle():
    return Oracle


@pytest.fixture(scope="session")
def network():
    """A small network of random weights that looks at its memory and mistrusts V0 a little.

    It never believes its ankles: random heights would drive people, and their rigs, about.
    """
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network = MotionDenoiser(
        NetworkConfig(width=32, heads=1, layers=2, memory_frames=8, stands=False)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        network.head *= 0.2
    return TorchDenoiser(network)


@pytest.fixture(scope="session")
def ground_network():
    """The same that looks at pointmaps and has no other word of the ground."""
    torch.set_num_threads(1)
    torch.manual_seed(2)
    network = MotionDenoiser(
        NetworkConfig(
            width=32, heads=1, layers=2, memory_frames=8, ground="pointmap", pointmap_channels=8
        )
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        network.head *= 0.2
        for block in network.blocks:
            block.ground.out.weight *= 5.0
    return TorchDenoiser(network)
