"""Where bfloat16 is worth computing in.

A CPU without instructions for it multiplies matrices in bfloat16 nine times slower than in
float32, and on one core.
"""

import torch

_CPU_HAS_IT = any(
    torch.cpu.get_capabilities().get(name) for name in ("amx_bf16", "avx512_bf16", "bf16")
)


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether this machine multiplies bfloat16 faster than float32 there."""
    return device.type != "cpu" or _CPU_HAS_IT
