"""m2t3: absolute 3D world poses of people from the 2D keypoints of one calibrated camera, live."""

import os

# ONNX Runtime from 1.29 on reports to Microsoft, unless this is set before it is first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
