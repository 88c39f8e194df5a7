"""ROS 2: people as transforms, poses and markers, with or without a ROS installation."""
