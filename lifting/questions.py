"""What the network is asked of people: their new frames, or their memory anew when a rig moved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from . import compiled
from .body_size import UNKNOWN, SizeBelief
from .denoiser import Denoiser, Ground
from .features import ANKLE_HEIGHT_M, HIT_LIMIT_M, MIN_SPREAD_M
from .history import History
from .memory import ANGULAR_PER_S, HIDDEN, past_mask
from .rays import Rays
from .rig import GAZE_HEIGHT_M, Rig, Views
from .sampler import Frames, Memory, NoiseKey, Sample, sample
from .sides import SideFilter

ENCODE_ANEW = 10  # newest frames that a memory keeps when its rig moves; more cost, and say nothing
MAX_UV = 5.0  # beyond this a ray is seen too far off V0's axis to mean anything
_FEATURE_NUMBERS = GAZE_HEIGHT_M, ANKLE_HEIGHT_M, HIT_LIMIT_M, MIN_SPREAD_M, UNKNOWN


@dataclass
class Person:
    """What lives from frame to frame."""

    person_id: int
    sides: SideFilter
    history: History
    rig: Rig
    ground: Ground | None  # the rig's, as the network sees it
    size: SizeBelief
    seen_s: float = -math.inf  # when there was last something to ask
    frame: int = 0  # counts answered frames; with the id the key of their noise
    committed: int = 0  # frames remembered since the belief in the size was made
    next_anchor_rig_m: Float[NDArray, "3"] | None = None  # where the rig has to move


def ask_new(
    denoiser: Denoiser,
    people: Sequence[Person],
    rays: Sequence[Rays],
    memories: Sequence[Memory],
) -> Sample:
    """One new frame each, with what they remember: one memory a step, of all of them."""
    mask = np.zeros((len(people), 1, denoiser.shape.memory_frames), np.float32)
    for b, person in enumerate(people):
        mask[b, 0, :-1] = person.history.mask
    frames = _frames(
        denoiser,
        people,
        np.array([[r.t_s] for r in rays]),
        np.stack([r.rays_world for r in rays])[:, None],
        np.stack([r.confidence for r in rays])[:, None],
        np.stack([r.seen for r in rays])[:, None],
        mask,
        [[(p.person_id, p.frame)] for p in people],
    )
    return sample(denoiser, frames, memories, denoiser.shape.skeleton)


def encode_anew(denoiser: Denoiser, person: Person, new: Rays | None = None) -> Sample:
    """The person's newest frames, with a new one if there is one, under a rig that has moved.

    Always the same number of frames, so that engines see one shape; the first may be empty.
    """
    history = person.history
    t, news = min(ENCODE_ANEW, denoiser.shape.memory_frames), [] if new is None else [new]
    history.keep_newest(t - len(news))
    places = history.order()
    if news and not len(places):
        return ask_new(denoiser, [person], news, history.memories)
    empty = t - len(news) - len(places)

    def row(remembered: NDArray, fresh: Sequence[NDArray | float]) -> NDArray:
        kept = remembered[places]
        before = np.zeros((empty, *kept.shape[1:]), kept.dtype)
        after = np.array(fresh, kept.dtype).reshape(-1, *kept.shape[1:])
        return np.concatenate([before, kept, after])[None]

    mask = past_mask(t, t)
    mask[empty:, :empty] = HIDDEN
    stale = np.full((t, len(history.t_s)), HIDDEN, np.float32)  # the old memory
    counts = row(history.frame, [person.frame] * len(news))[0].tolist()
    frames = _frames(
        denoiser,
        [person],
        row(history.t_s, [r.t_s for r in news]),
        row(history.rays_world, [r.rays_world for r in news]),
        row(history.confidence, [r.confidence for r in news]),
        row(history.seen, [r.seen for r in news]),
        np.concatenate([stale, mask], axis=1)[None],
        [[(person.person_id, count) for count in counts]],
    )
    answer = sample(denoiser, frames, history.memories, denoiser.shape.skeleton)
    stop = empty + len(places)
    history.replace_memory(places, [m.between(empty, stop) for m in answer.memories])
    return answer


def _frames(
    denoiser: Denoiser,
    people: Sequence[Person],
    t_s: Float[NDArray, "b t"],
    rays_world: Float[NDArray, "b t j 3"],
    confidence: Float[NDArray, "b t j"],
    seen: Bool[NDArray, "b t j"],
    mask: Float[NDArray, "b t n"],
    noise_keys: Sequence[Sequence[NoiseKey]],
) -> Frames:
    """Observations under their people's rigs, with what is believed of their size."""
    uv, seen = compiled.front_view(
        rays_world, seen, np.stack([p.rig.front_axes_world for p in people]), MAX_UV
    )
    views = Views.joined([p.rig.views for p in people])
    features = compiled.features(
        uv,
        confidence,
        seen,
        np.array([p.rig.distance_m for p in people]),
        np.array([p.rig.height_m for p in people]),
        views.distances_m[:, 0],
        np.array([p.size.log_size for p in people]),
        np.array([p.size.sigma for p in people]),
        denoiser.shape.skeleton.ankles,
        _FEATURE_NUMBERS,
    )
    grounds = [p.ground for p in people if p.ground is not None]  # all have one, or none
    return Frames(
        uv, seen, features, compiled.phases(t_s, ANGULAR_PER_S), mask, views, noise_keys,
        Ground(*map(np.concatenate, zip(*grounds, strict=True))) if grounds else None,
    )  # fmt: skip
