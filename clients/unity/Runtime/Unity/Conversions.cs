using UnityEngine;

namespace M2t3.Unity
{
    /// <summary>The core's numbers, which are in Unity's axes already, as Unity's types.</summary>
    public static class Conversions
    {
        public static Vector3 ToVector3(this Vec3 value)
        {
            return new Vector3(value.X, value.Y, value.Z);
        }

        public static Quaternion ToQuaternion(this Quat value)
        {
            return new Quaternion(value.X, value.Y, value.Z, value.W);
        }
    }
}
