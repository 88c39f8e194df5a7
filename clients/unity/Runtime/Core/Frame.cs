using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace M2t3
{
    /// <summary>One pose frame together with the definition that it refers to.</summary>
    public sealed class Frame
    {
        public readonly PoseFrame Message;
        public readonly SkeletonDefinition Definition;

        /// <summary>Everybody who is in view.</summary>
        public readonly IReadOnlyList<Person> People;

        private static readonly DateTime UnixStart = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        private readonly long _arrived = Stopwatch.GetTimestamp();

        /// <exception cref="WireException">A person has other joints or bones.</exception>
        public Frame(PoseFrame message, SkeletonDefinition definition)
        {
            Message = message;
            Definition = definition;
            var people = new List<Person>(message.People.Length);
            foreach (Pose pose in message.People)
            {
                if (pose.State != PoseState.Tracked) continue;
                int joints = definition.JointNames.Length;
                Rules.RequireRows("joint", "Pose.valid", pose.Valid.Length, 1, joints);
                if (pose.Body != null)
                {
                    Humanoid humanoid = definition.Humanoid;
                    int bones = humanoid == null ? 0 : humanoid.BoneNames.Length;
                    int numbers = pose.Body.RotationsXyzw.Length;
                    Rules.RequireRows("bone", "Body.rotations_xyzw", numbers, 4, bones);
                }
                people.Add(new Person(pose, definition));
            }
            People = people;
        }

        /// <summary>2D in to 3D out: what the stream itself took.</summary>
        public double LatencyMs
        {
            get { return (Message.TPublishNs - Message.TReceiveNs) / 1e6; }
        }

        /// <summary>Time since the frame came here.</summary>
        public double SinceArrivalMs
        {
            get { return (Stopwatch.GetTimestamp() - _arrived) * 1e3 / Stopwatch.Frequency; }
        }

        /// <summary>
        /// Time since the stream published the frame; on another host only as true as its clock and
        /// ours agree.
        /// </summary>
        public double AgeMs
        {
            get
            {
                long publishedUnixNs = Message.TPublishNs + Definition.UnixMinusMonotonicNs;
                double nowUnixMs = (DateTime.UtcNow - UnixStart).TotalMilliseconds;
                return nowUnixMs - publishedUnixNs / 1e6;
            }
        }
    }

    /// <summary>One person in view; joints by index or by name.</summary>
    public sealed class Person
    {
        /// <summary>As it came: metres, right-handed, z up; NaN where a joint is not valid.</summary>
        public readonly Pose Pose;

        public readonly SkeletonDefinition Definition;

        internal Person(Pose pose, SkeletonDefinition definition)
        {
            Pose = pose;
            Definition = definition;
        }

        /// <summary>Stays with the person for the publisher's session.</summary>
        public long Id
        {
            get { return Pose.Id; }
        }

        /// <summary>Where a joint is in Unity's axes; false if that is not known.</summary>
        public bool TryGetJoint(int joint, out Vec3 position)
        {
            position = default(Vec3);
            if (joint < 0 || joint >= Pose.Valid.Length || !Pose.Valid[joint]) return false;
            float[] world = Pose.PositionsWorldM;
            position = Axes.PositionToUnity(
                world[3 * joint], world[3 * joint + 1], world[3 * joint + 2]);
            return position.IsFinite;
        }

        /// <summary>Where the named joint is in Unity's axes; false if that is not known.</summary>
        public bool TryGetJoint(string name, out Vec3 position)
        {
            return TryGetJoint(Array.IndexOf(Definition.JointNames, name), out position);
        }
    }
}
