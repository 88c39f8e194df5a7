using System;

namespace M2t3
{
    /// <summary>
    /// A person's bones in Unity's axes. Turns are in the world and the identity in the T-pose, in
    /// which the person faces +z: so an avatar's bone is turned by `turn * itsTPoseRotation`,
    /// whatever axes its rig has.
    /// </summary>
    public sealed class HumanoidPose
    {
        /// <summary>Names of Unity's HumanBodyBones; parents come before their children.</summary>
        public readonly string[] BoneNames;
        public readonly Vec3[] Origins;
        public readonly Quat[] Turns;

        /// <summary>From hip to ankle, metres: to put an avatar of another size on the ground.</summary>
        public readonly float LegLength;

        private HumanoidPose(Humanoid humanoid, Body body)
        {
            int bones = humanoid.BoneNames.Length;
            BoneNames = humanoid.BoneNames;
            Origins = new Vec3[bones];
            Turns = new Quat[bones];
            var origins = new Vec3[bones];
            var turns = new Quat[bones];
            float[] q = body.RotationsXyzw, o = body.OffsetsM, root = body.RootWorldM;
            for (int bone = 0; bone < bones; bone++)
            {
                var offset = new Vec3(o[3 * bone], o[3 * bone + 1], o[3 * bone + 2]);
                var turn = new Quat(q[4 * bone], q[4 * bone + 1], q[4 * bone + 2], q[4 * bone + 3]);
                if (bone == 0)
                {
                    origins[0] = new Vec3(root[0], root[1], root[2]);
                    turns[0] = turn;
                }
                else
                {
                    int parent = (int)humanoid.Parents[bone];
                    origins[bone] = origins[parent].Plus(turns[parent].Rotate(offset));
                    turns[bone] = turns[parent].Times(turn);
                }
                Vec3 at = origins[bone];
                Quat by = turns[bone];
                Origins[bone] = Axes.PositionToUnity(at.X, at.Y, at.Z);
                Turns[bone] = Axes.RotationToUnity(by.X, by.Y, by.Z, by.W);
                bool shin = humanoid.BoneNames[bone] == "LeftLowerLeg";
                if (shin || humanoid.BoneNames[bone] == "LeftFoot") LegLength += offset.Length;
            }
        }

        /// <summary>The person's bones; null where the publisher sends none (yet).</summary>
        public static HumanoidPose Of(Person person)
        {
            if (person.Pose.Body == null || person.Definition.Humanoid == null) return null;
            var pose = new HumanoidPose(person.Definition.Humanoid, person.Pose.Body);
            bool finite = Array.TrueForAll(pose.Origins, each => each.IsFinite)
                && Array.TrueForAll(pose.Turns, each => each.IsFinite);
            return finite ? pose : null;
        }
    }
}
