"""The denoiser in torch: the reference the others are compared with, and training's evaluation."""

import torch

from ..core.skeletons import skeleton
from ..lifting.denoiser import DenoiserShape, NetworkInputs, NetworkOutputs, outputs_of
from .network import MotionDenoiser


class TorchDenoiser:
    """Runs a network as it was trained (a `lifting.denoiser.Denoiser`)."""

    name = "torch"

    def __init__(self, network: MotionDenoiser) -> None:
        self._network = network.eval()

    @property
    def shape(self) -> DenoiserShape:
        """The network's sizes."""
        c = self._network.config
        return DenoiserShape(
            skeleton(c.skeleton), c.layers, c.heads, c.width // c.heads, c.memory_frames
        )

    @torch.inference_mode()
    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        return outputs_of([o.numpy() for o in self._network(*map(torch.from_numpy, inputs))])
