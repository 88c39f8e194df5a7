using System;

namespace M2t3
{
    public struct Vec3
    {
        public float X, Y, Z;

        public Vec3(float x, float y, float z)
        {
            X = x;
            Y = y;
            Z = z;
        }

        public float Length
        {
            get { return (float)Math.Sqrt((double)X * X + (double)Y * Y + (double)Z * Z); }
        }

        public Vec3 Plus(Vec3 other)
        {
            return new Vec3(X + other.X, Y + other.Y, Z + other.Z);
        }

        public bool IsFinite
        {
            // Infinity minus itself is NaN, and NaN is not even itself.
            get { return X - X == 0 && Y - Y == 0 && Z - Z == 0; }
        }
    }

    public struct Quat
    {
        public float X, Y, Z, W;

        public Quat(float x, float y, float z, float w)
        {
            X = x;
            Y = y;
            Z = z;
            W = w;
        }

        public bool IsFinite
        {
            get { return new Vec3(X, Y, Z).IsFinite && W - W == 0; }
        }

        /// <summary>The turn that does `first`, then this one.</summary>
        public Quat Times(Quat first)
        {
            return new Quat(
                W * first.X + X * first.W + Y * first.Z - Z * first.Y,
                W * first.Y - X * first.Z + Y * first.W + Z * first.X,
                W * first.Z + X * first.Y - Y * first.X + Z * first.W,
                W * first.W - X * first.X - Y * first.Y - Z * first.Z);
        }

        /// <summary>`v` turned by this unit quaternion.</summary>
        public Vec3 Rotate(Vec3 v)
        {
            float x = 2 * (Y * v.Z - Z * v.Y), y = 2 * (Z * v.X - X * v.Z);
            float z = 2 * (X * v.Y - Y * v.X);
            return new Vec3(
                v.X + W * x + Y * z - Z * y,
                v.Y + W * y + Z * x - X * z,
                v.Z + W * z + X * y - Y * x);
        }
    }

    /// <summary>
    /// m2t3's world is right-handed: x forward, y left, z up, metres. Unity's is left-handed: x
    /// right, y up, z forward, metres. The mirror changes the sign of a rotation's angle, that is,
    /// of its axis or of w.
    /// </summary>
    public static class Axes
    {
        public static Vec3 PositionToUnity(float x, float y, float z)
        {
            return new Vec3(-y, z, x);
        }

        public static Quat RotationToUnity(float x, float y, float z, float w)
        {
            return new Quat(-y, z, x, -w);
        }
    }
}
