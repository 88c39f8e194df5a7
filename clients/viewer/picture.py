"""Previews of the camera's picture, decoded with care: they come over the network."""

import io

import numpy as np
from PIL import Image

from ...core.messages import Preview


def decoded(preview: Preview) -> np.ndarray | None:
    """The picture, (height, width, 3) uint8 red, green, blue; None if it is not what it says."""
    try:
        with Image.open(io.BytesIO(preview.jpeg), formats=["JPEG"]) as image:
            # A few bytes can claim a picture that fills the memory: the head is read first.
            if image.size != preview.image_size_px:
                return None
            return np.asarray(image.convert("RGB"))
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
