"""Which distortion model a lens needs: the simplest that predicts views it was not fitted to."""

from collections.abc import Sequence

from ...core.errors import CalibrationError, CameraFileError
from ..boards.detection import View
from ..camera import Camera, DistortionModel
from ..camera_checks import check_lens
from .fit import LensFit, fit_lens, held_out_rms_px

_BETTER = 0.9  # of the simpler model's error, to be worth more coefficients
_MIN_VIEWS = 8  # fewer cannot tell models apart


def fit_best_lens(
    views: Sequence[View], image_size_px: tuple[int, int], name: str
) -> tuple[LensFit, dict[DistortionModel, float]]:
    """The fit of the model that predicts best, and each model's error in held-out views, pixels.

    One that no camera can have is taken only if no other is left.

    Raises:
        CalibrationError: no model fits.
    """
    if len(views) < _MIN_VIEWS:
        return fit_lens(views, image_size_px, "plumb_bob", name), {}
    fits: dict[DistortionModel, LensFit] = {}
    errors: dict[DistortionModel, float] = {}
    refusal: CalibrationError | None = None
    models: tuple[DistortionModel, ...] = ("plumb_bob", "equidistant", "rational_polynomial")
    for model in models:  # from few coefficients to many
        try:
            fits[model] = fit_lens(views, image_size_px, model, name)
        except CalibrationError as error:
            refusal = refusal or error
            continue
        # What a model explains by leaving views out is no merit of it.
        share = len(fits[model].views) / len(views)
        errors[model] = held_out_rms_px(fits[model]) / share
    if not fits:
        assert refusal is not None
        raise refusal
    # Where no view reaches, a model may do what no lens does.
    sound = [model for model in fits if _can_be(fits[model].lens)] or list(fits)
    best = sound[0]
    for model in sound:
        if errors[model] < _BETTER * errors[best]:
            best = model
    return fits[best], errors


def _can_be(lens: Camera) -> bool:
    try:
        check_lens(lens)
    except CameraFileError:
        return False
    return True
