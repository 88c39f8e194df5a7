"""The method, without torch: representation, camera rig, sampler, triangulation, the streaming lifter."""
