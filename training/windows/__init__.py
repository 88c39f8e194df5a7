"""What training draws: windows of motion, varied bodies, random cameras, a noisy detector."""
