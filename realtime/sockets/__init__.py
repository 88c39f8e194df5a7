"""The stream's side of ZeroMQ: endpoints, keys, and what is published."""
