"""How one person moves through the room: a Kalman filter of constant velocity.

All three axes share one covariance, which makes it nine numbers, kept as plain floats: they are
updated one person at a time. Places come from the lifter's answers; what tracking wants of them is
the velocity, and how far to trust it.
"""

from msgspec import Struct

from ...core.messages import Vector3

ACCELERATION = 6.0  # how people change their velocity: spectral density, m^2/s^3
MEASURED_M = 0.06  # error of a lifted root from frame to frame, standard deviation
FIRST_SPEED_MPS = 1.5  # of somebody of whom nothing is known, standard deviation
FIRST_PLACE_M = 1.0  # error of a first guess


class Motion(Struct, frozen=True):
    """Where somebody was at `t_s`, how fast, and the variances of both (of one axis)."""

    t_s: float
    root_world_m: Vector3  # middle of the hips
    velocity_mps: Vector3 = (0.0, 0.0, 0.0)
    variance_m2: float = FIRST_PLACE_M**2  # of the place
    covariance_m2ps: float = 0.0  # of place and velocity
    variance_m2ps2: float = FIRST_SPEED_MPS**2  # of the velocity

    def place_m(self, t_s: float) -> Vector3:
        """Where the person is expected at `t_s`."""
        dt, (x, y, z), (u, v, w) = t_s - self.t_s, self.root_world_m, self.velocity_mps
        return (x + u * dt, y + v * dt, z + w * dt)

    def moved_variance_m2(self, t_s: float) -> float:
        """Variance of the way from here to `place_m`, one axis."""
        dt = t_s - self.t_s
        return self.variance_m2ps2 * dt**2 + ACCELERATION * dt**3 / 3

    def at(self, t_s: float) -> "Motion":
        """The prediction for a later time."""
        dt, both, speed = t_s - self.t_s, self.covariance_m2ps, self.variance_m2ps2
        return Motion(
            t_s,
            self.place_m(t_s),
            self.velocity_mps,
            self.variance_m2 + 2 * both * dt + self.moved_variance_m2(t_s),
            both + speed * dt + ACCELERATION * dt**2 / 2,
            speed + ACCELERATION * dt,
        )

    def corrected(self, root_world_m: Vector3) -> "Motion":
        """With a measured place of the same time."""
        total = self.variance_m2 + MEASURED_M**2
        gain, speed_gain = self.variance_m2 / total, self.covariance_m2ps / total
        (x, y, z), (u, v, w) = self.root_world_m, self.velocity_mps
        off_x, off_y, off_z = root_world_m[0] - x, root_world_m[1] - y, root_world_m[2] - z
        return Motion(
            self.t_s,
            (x + gain * off_x, y + gain * off_y, z + gain * off_z),
            (u + speed_gain * off_x, v + speed_gain * off_y, w + speed_gain * off_z),
            (1 - gain) * self.variance_m2,
            (1 - gain) * self.covariance_m2ps,
            self.variance_m2ps2 - speed_gain * self.covariance_m2ps,
        )
