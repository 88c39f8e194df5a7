"""VMC: a person as bones for avatar programs, over OSC."""
