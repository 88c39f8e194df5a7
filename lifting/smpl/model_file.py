"""Max Planck's body model files: what of them the 24 joints of SMPL depend on.

The models come with no data set and not with m2t3: whoever wants to fit or import bodies
registers, accepts the licence (non-commercial scientific research) and names the folder. No vertex
is kept: joints are regressed from the shaped template (Loper et al. 2015, Eq. 10), and both steps
are linear. Folders are laid out as for `smplx.create`: FOLDER/smplx/SMPLX_NEUTRAL.npz and the like;
AMASS's own FOLDER/smplh/male/model.npz is found, too. Pickles are read by core/pickles.py, which
runs none of the code in them.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from ...core.errors import M2t3Error, valid_names
from ...core.files import numbers, read_npz, read_pickled_dict, require
from ...core.pickles import Record

Kind = Literal["smpl", "smplh", "smplx"]
GENDERS = ("female", "male", "neutral")
JOINTS_OF: dict[Kind, int] = {"smpl": 24, "smplh": 52, "smplx": 55}  # whose rotations make a pose
HOME = {
    "smpl": "https://smpl.is.tue.mpg.de",
    "smplh": "https://mano.is.tue.mpg.de",
    "smplx": "https://smpl-x.is.tue.mpg.de",
}
# The 24 joints of SMPL among each model's own; hands are the middle fingers' first knuckles.
BODY_JOINTS = 22
HANDS = {"smpl": (22, 23), "smplh": (25, 40), "smplx": (28, 43)}
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

LICENCE = "non-commercial scientific research only"

_KEYS = ("v_template", "shapedirs", "J_regressor")
# What SMPL's pickles hold besides numpy arrays.
_RECORDS = frozenset(
    {"chumpy.ch.Ch", "scipy.sparse.csc.csc_matrix", "scipy.sparse._csc.csc_matrix"}
)


@dataclass(frozen=True, eq=False)
class BodyModel:
    """Where the joints of an unposed body are; B shape components. y is up, z forward."""

    kind: Kind
    gender: str
    template_m: Float[NDArray, "24 3"]  # joints of the mean body
    shapes_m: Float[NDArray, "24 3 B"]  # displacement of the joints by each component

    def rest_m(self, betas: Float[NDArray, "b"]) -> Float[NDArray, "24 3"]:
        """Joints of the unposed body of this shape; components that are not given are 0."""
        return self.template_m + self.shapes_m[..., : len(betas)] @ betas


def load_body_model(folder: Path | None, kind: Kind, gender: str) -> BodyModel:
    """Find and read the model of that kind and gender.

    Raises:
        M2t3Error: none there (the message says where to get it), or the file is not one.
    """
    if gender not in GENDERS:
        raise M2t3Error(f"names the gender {gender!r}; {valid_names(gender, GENDERS)}")
    stem = f"{kind.upper()}_{gender.upper()}"
    tails = (f"{stem}.npz", f"{stem}.pkl", f"{gender}/model.npz")
    candidates = [f / tail for f in (folder / kind, folder) for tail in tails] if folder else []
    path = next((path for path in candidates if path.exists()), None)
    if path is None:
        looked = (
            f"{folder} has neither of {kind}/{', '.join(tails)}" if folder else "none was named"
        )
        raise M2t3Error(
            f"needs a {gender} {kind.upper()} body model, and {looked}: register at {HOME[kind]}, "
            "accept its licence (non-commercial scientific research), download the model and name "
            "its folder with --body-models FOLDER"
        )
    return _read(path, kind, gender)


def read_body_model(path: Path | None) -> BodyModel:
    """Read a model file: its joints tell the kind, its name or its folder's the gender.

    Raises:
        M2t3Error: none was named (the message says where to get one), it is none, or its name
            tells no gender.
    """
    if path is None or not path.is_file():
        homes = ", ".join(f"{kind.upper()} {home}" for kind, home in HOME.items())
        what = "none was named" if path is None else f"{path} is no file"
        raise M2t3Error(
            f"needs the file of a body model, and {what}: register at one of {homes}, accept its "
            "licence (non-commercial scientific research), download the model and name its file "
            "with --model (m2t3-stream: --smpl), e.g. SMPLX_NEUTRAL.npz"
        )
    names = (path.stem.lower(), path.parent.name.lower())
    gender = next((gender for told in names for gender in GENDERS if gender in told), None)
    if gender is None:
        raise M2t3Error(
            f"the name of {path} tells no gender: call it or its folder {', '.join(GENDERS)}"
        )
    return _read(path, None, gender)


@lru_cache(maxsize=6)
def _read(path: Path, kind: Kind | None, gender: str) -> BodyModel:
    try:
        if path.suffix == ".npz":
            content = read_npz(path, _KEYS)
        else:
            content = read_pickled_dict(path, _RECORDS)
            require(content, *_KEYS)
        template = numbers(_plain(content["v_template"]), "v_template", None, 3)
        shapes = numbers(_plain(content["shapedirs"]), "shapedirs", len(template), 3, None)
        regressor = numbers(_plain(content["J_regressor"]), "J_regressor", None, len(template))
        if kind is None:
            kind = next((k for k, joints in JOINTS_OF.items() if joints == len(regressor)), None)
        if kind is None:
            counts = ", ".join(f"{n} of {k.upper()}" for k, n in JOINTS_OF.items())
            raise M2t3Error(f"has {len(regressor)} joints, which no model has: {counts}")
        rows = [*range(BODY_JOINTS), *HANDS[kind]]
        if len(regressor) <= max(rows):
            raise M2t3Error(f"has {len(regressor)} joints, too few for {kind.upper()}")
    except M2t3Error as error:
        raise M2t3Error(f"needs the body model {path}, which {error}") from None
    joints = regressor[rows]
    return BodyModel(kind, gender, joints @ template, np.einsum("jv,vxb->jxb", joints, shapes))


def _plain(value: Any) -> Any:
    """An array from what a body model's pickle wraps it in: chumpy's, or scipy's sparse columns."""
    if not isinstance(value, Record):
        return value
    if "x" in value.fields:
        return value.fields["x"]
    parts = value.fields
    shape = parts["_shape"] if "_shape" in parts else parts["shape"]
    return csc_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=shape).toarray()
