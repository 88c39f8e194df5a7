"""What every part of m2t3 shares: messages, topics, wire, skeletons, geometry, clock, errors."""
