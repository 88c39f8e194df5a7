"""The method, without torch: camera rig, representation, sampler, triangulation, the lifter."""
