"""Recordings: the wire's messages to an MCAP file, what is in it, and back onto the wire."""
