"""The denoiser in torch: the reference the others are compared with, and training's evaluation."""

import torch
from jaxtyping import Float
from numpy.typing import NDArray

from ..core.skeletons import skeleton
from ..lifting.denoiser import DenoiserShape, Ground, NetworkInputs, NetworkOutputs, outputs_of
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
            skeleton(c.skeleton), c.layers, c.heads, c.width // c.heads, c.memory_frames,
            c.decoupled,
        )  # fmt: skip

    @torch.inference_mode()
    def ground(
        self, distance_m: Float[NDArray, "b"], height_m: Float[NDArray, "b"]
    ) -> Ground | None:
        """See `Denoiser.ground`."""
        found = self._network.ground(*(torch.from_numpy(a).float() for a in (distance_m, height_m)))
        return None if found is None else Ground(*(tensor.numpy() for tensor in found))

    @torch.inference_mode()
    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """See `Denoiser.__call__`."""
        given = map(torch.from_numpy, inputs.given().values())
        return outputs_of([o.numpy() for o in self._network(*given)])
