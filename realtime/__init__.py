"""The live system: keypoints in, world poses out."""
