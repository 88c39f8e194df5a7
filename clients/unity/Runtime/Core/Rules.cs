namespace M2t3
{
    /// <summary>What a record must keep beyond its fields' types, as in core/messages.py.</summary>
    internal static class Rules
    {
        internal static void Check(Pose pose)
        {
            int joints = pose.Confidence.Length;
            RequireRows("joint", "Pose.positions_world_m", pose.PositionsWorldM.Length, 3, joints);
            RequireRows("joint", "Pose.valid", pose.Valid.Length, 1, joints);
            RequireLength("Pose.contact", pose.Contact.Length, 2);
            if (pose.Body != null)
            {
                int numbers = pose.Body.JointOffsetsM.Length;
                RequireRows("joint", "Body.joint_offsets_m", numbers, 3, joints);
            }
        }

        internal static void Check(Body body)
        {
            RequireLength("Body.root_world_m", body.RootWorldM.Length, 3);
            int bones = body.RotationsXyzw.Length / 4;
            RequireRows("bone", "Body.rotations_xyzw", body.RotationsXyzw.Length, 4, bones);
            RequireRows("bone", "Body.offsets_m", body.OffsetsM.Length, 3, bones);
        }

        internal static void Check(Humanoid humanoid)
        {
            int bones = humanoid.BoneNames.Length;
            RequireRows("bone", "Humanoid.parents", humanoid.Parents.Length, 1, bones);
            RequireRows(
                "bone", "Humanoid.rest_directions", humanoid.RestDirections.Length, 1, bones);
            bool ordered = bones > 0 && humanoid.Parents[0] == -1;
            for (int bone = 1; bone < bones; bone++)
            {
                ordered &= humanoid.Parents[bone] >= 0 && humanoid.Parents[bone] < bone;
            }
            if (!ordered)
            {
                throw new WireException(
                    "schema", "Humanoid.parents do not come before their children");
            }
            foreach (ulong bone in humanoid.JointBones)
            {
                if (bone < (ulong)bones) continue;
                throw new WireException(
                    "bone_count", "Humanoid.joint_bones: bone " + bone + " of " + bones);
            }
        }

        internal static void RequireRows(string of, string where, int numbers, int width, int rows)
        {
            if (numbers == width * rows) return;
            throw new WireException(of + "_count", where + " has " + numbers + " numbers where "
                + rows + " " + of + "s need " + width * rows);
        }

        private static void RequireLength(string where, int numbers, int expected)
        {
            if (numbers == expected) return;
            throw new WireException(
                "schema", where + " has " + numbers + " numbers, not " + expected);
        }
    }
}
