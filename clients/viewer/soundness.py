"""Whether a definition can be drawn. It comes over the network, and the wire checks types only."""

import numpy as np

from ...core.messages import CameraModel, SkeletonDefinition

FARTHEST_M = 1e4  # a camera farther from the world's origin is a fault


def fault(definition: SkeletonDefinition) -> str | None:
    """What keeps `definition` from being drawn; None if nothing does."""
    joints = len(definition.joint_names)
    for name, pairs in (("bones", definition.bones), ("left_right", definition.left_right)):
        for pair in pairs:
            if max(pair) >= joints:
                return f"{name} has the pair {pair}, but there are only {joints} joints"
    return _camera_fault(definition.camera)


def _camera_fault(camera: CameraModel) -> str | None:
    if not (np.isfinite(camera.K).all() and camera.K[0] > 0 and camera.K[4] > 0):
        return f"the camera's K has no focal lengths: {camera.K}"
    K = np.reshape(camera.K, (3, 3))
    if (K[2] != (0, 0, 1)).any() or K[1, 0] != 0:
        return f"the camera's K is none: its last row must be 0 0 1: {camera.K}"
    if not (np.abs(camera.translation_m) < FARTHEST_M).all():  # NaN is not
        return f"the camera is nowhere: {camera.translation_m}"
    turn = float(np.linalg.norm(camera.quaternion_xyzw))
    if not 0.5 < turn < 2.0:
        return f"the camera's quaternion is none: {camera.quaternion_xyzw}"
    return None
