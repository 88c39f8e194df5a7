"""From joints to bodies: bone rotations, lengths that last the session, feet that stand."""
