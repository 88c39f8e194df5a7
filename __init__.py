"""m2t3: absolute 3D world poses of people from the 2D keypoints of one calibrated camera, live."""

__version__ = "0.1.0"
