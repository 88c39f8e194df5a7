"""Names as ROS takes them; m2t3's own may have hyphens, or begin with a digit."""

import re


def ros_name(name: str) -> str:
    """A stream's or camera's name as one that ROS takes: letters, digits and _, no digit first."""
    token = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"id_{token}" if token[0].isdigit() else token


def joints_topic(id: str) -> str:
    """Where somebody's joints are published."""
    return f"/humans/bodies/{id}/joints"
