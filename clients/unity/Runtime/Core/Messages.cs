// Written by `python -m m2t3.clients.schema` from core/messages.py and core/topics.py: edit those.
using System.Collections.Generic;

namespace M2t3
{
    /// <summary>The numbers and names that both ends must agree on.</summary>
    public static class Protocol
    {
        public const int Version = 1;
        public const string DefaultEndpoint = "tcp://127.0.0.1:5571";
        public const int MaxMessageBytes = 1048576;
        public const string SkeletonDefinitionTopic = "m2t3.def";
        public const int SkeletonDefinitionMaxBytes = 65536;
        public const string PoseFrameTopic = "m2t3.pose";
        public const int PoseFrameMaxBytes = 131072;
        public const string StatusTopic = "m2t3.status";
        public const int StatusMaxBytes = 65536;
    }

    public enum SkeletonDefinitionUnit
    {
        M,
    }

    internal static class SkeletonDefinitionUnitWords
    {
        internal static readonly string[] All = { "m" };
    }

    public enum PoseState
    {
        Tracked,
        Left,
    }

    internal static class PoseStateWords
    {
        internal static readonly string[] All = { "tracked", "left" };
    }

    public enum Clock
    {
        Monotonic,
        Unix,
        Media,
    }

    internal static class ClockWords
    {
        internal static readonly string[] All = { "monotonic", "unix", "media" };
    }

    public enum StatusState
    {
        Waiting,
        Running,
        Stopping,
    }

    internal static class StatusStateWords
    {
        internal static readonly string[] All = { "waiting", "running", "stopping" };
    }

    /// <summary>The camera, so that a subscriber can draw it and project into its picture.</summary>
    public sealed class CameraModel
    {
        public string Name;
        /// <summary>(width, height)</summary>
        public int[] ImageSizePx;
        /// <summary>3 x 3 intrinsics, row by row, px</summary>
        public double[] K;
        /// <summary>"plumb_bob", "rational_polynomial" or "equidistant"</summary>
        public string DistortionModel;
        /// <summary>coefficients, OpenCV order</summary>
        public double[] Distortion;
        /// <summary>camera centre in the world</summary>
        public double[] TranslationM;
        /// <summary>camera axes (x right, y down, z forward) to world axes</summary>
        public double[] QuaternionXyzw;

        private static readonly string[] Keys = { "name", "image_size_px", "K", "distortion_model", "distortion", "translation_m", "quaternion_xyzw" };

        internal static CameraModel Read(MessagePackReader reader)
        {
            var value = new CameraModel();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("CameraModel"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.Name = reader.ReadText("CameraModel.name", 1, 128); break;
                    case 1: value.ImageSizePx = reader.ReadItems("CameraModel.image_size_px", 2, 2, _ => (int)reader.ReadInt64("CameraModel.image_size_px", 1, 65536)); break;
                    case 2: value.K = reader.ReadItems("CameraModel.K", 9, 9, _ => reader.ReadDouble("CameraModel.K")); break;
                    case 3: value.DistortionModel = reader.ReadText("CameraModel.distortion_model", 1, 128); break;
                    case 4: value.Distortion = reader.ReadItems("CameraModel.distortion", 0, 14, _ => reader.ReadDouble("CameraModel.distortion")); break;
                    case 5: value.TranslationM = reader.ReadItems("CameraModel.translation_m", 3, 3, _ => reader.ReadDouble("CameraModel.translation_m")); break;
                    case 6: value.QuaternionXyzw = reader.ReadItems("CameraModel.quaternion_xyzw", 4, 4, _ => reader.ReadDouble("CameraModel.quaternion_xyzw")); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("CameraModel", Keys, seen, 0x7fUL);
            return value;
        }
    }

    /// <summary>The weights that make the poses, and what runs them.</summary>
    public sealed class ModelInfo
    {
        /// <summary>name in the manifest</summary>
        public string Weights;
        /// <summary>what the weights may be used for</summary>
        public string Licence;
        /// <summary>"onnxruntime", "openvino", ...</summary>
        public string Engine;
        /// <summary>of the weights file</summary>
        public string Sha256;

        private static readonly string[] Keys = { "weights", "licence", "engine", "sha256" };

        internal static ModelInfo Read(MessagePackReader reader)
        {
            var value = new ModelInfo();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("ModelInfo"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.Weights = reader.ReadText("ModelInfo.weights", 1, 128); break;
                    case 1: value.Licence = reader.ReadText("ModelInfo.licence", 0, 1024); break;
                    case 2: value.Engine = reader.ReadText("ModelInfo.engine", 1, 128); break;
                    case 3: value.Sha256 = reader.ReadText("ModelInfo.sha256", 0, int.MaxValue); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("ModelInfo", Keys, seen, 0xfUL);
            return value;
        }
    }

    /// <summary>The bones that the bodies of a skeleton have, in the T-pose of core/humanoid.py.</summary>
    public sealed class Humanoid
    {
        /// <summary>Unity's HumanBodyBones</summary>
        public string[] BoneNames;
        /// <summary>-1: the hips; parents first</summary>
        public long[] Parents;
        /// <summary>in the T-pose</summary>
        public double[][] RestDirections;
        /// <summary>which carries a joint</summary>
        public ulong[] JointBones;

        private static readonly string[] Keys = { "bone_names", "parents", "rest_directions", "joint_bones" };

        internal static Humanoid Read(MessagePackReader reader)
        {
            var value = new Humanoid();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("Humanoid"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.BoneNames = reader.ReadItems("Humanoid.bone_names", 0, 64, _ => reader.ReadText("Humanoid.bone_names", 1, 128)); break;
                    case 1: value.Parents = reader.ReadItems("Humanoid.parents", 0, 64, _ => reader.ReadInt64("Humanoid.parents", long.MinValue, long.MaxValue)); break;
                    case 2: value.RestDirections = reader.ReadItems("Humanoid.rest_directions", 0, 64, _1 => reader.ReadItems("Humanoid.rest_directions", 3, 3, _ => reader.ReadDouble("Humanoid.rest_directions"))); break;
                    case 3: value.JointBones = reader.ReadItems("Humanoid.joint_bones", 0, 256, _ => reader.ReadUInt64("Humanoid.joint_bones")); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("Humanoid", Keys, seen, 0xfUL);
            Rules.Check(value);
            return value;
        }
    }

    /// <summary>What does not change from frame to frame; sent once a second and to every new subscriber.</summary>
    public sealed class SkeletonDefinition
    {
        /// <summary>protocol version</summary>
        public int V = 1;
        /// <summary>which camera, e.g. "cam0"</summary>
        public string Stream;
        /// <summary>random, new each time the sender starts</summary>
        public string Session;
        /// <summary>hash of all that follows the two times; frames name the definition they fit</summary>
        public string DefId;
        /// <summary>CLOCK_MONOTONIC of the publisher's host</summary>
        public long TPublishNs;
        /// <summary>adds up with any `t_*_ns` of this host to Unix time</summary>
        public long UnixMinusMonotonicNs;
        public string Skeleton;
        public string[] JointNames;
        /// <summary>pairs to draw as segments</summary>
        public ulong[][] Bones;
        /// <summary>(left, right) pairs that a mirror image exchanges</summary>
        public ulong[][] LeftRight;
        public SkeletonDefinitionUnit Unit = SkeletonDefinitionUnit.M;
        public string Axes = "world, right-handed, z up, ground at z = 0";
        public CameraModel Camera;
        public ModelInfo Model;
        /// <summary>what `Pose.body` means; None: the publisher sends no bodies</summary>
        public Humanoid Humanoid;

        private static readonly string[] Keys = { "v", "stream", "session", "def_id", "t_publish_ns", "unix_minus_monotonic_ns", "skeleton", "joint_names", "bones", "left_right", "unit", "axes", "camera", "model", "humanoid" };

        internal static SkeletonDefinition Read(MessagePackReader reader)
        {
            var value = new SkeletonDefinition();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("SkeletonDefinition"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.V = (int)reader.ReadInt64("SkeletonDefinition.v", 1, 1); break;
                    case 1: value.Stream = reader.ReadWord("SkeletonDefinition.stream", 64); break;
                    case 2: value.Session = reader.ReadWord("SkeletonDefinition.session", 64); break;
                    case 3: value.DefId = reader.ReadText("SkeletonDefinition.def_id", 1, 128); break;
                    case 4: value.TPublishNs = reader.ReadInt64("SkeletonDefinition.t_publish_ns", 0, long.MaxValue); break;
                    case 5: value.UnixMinusMonotonicNs = reader.ReadInt64("SkeletonDefinition.unix_minus_monotonic_ns", long.MinValue, long.MaxValue); break;
                    case 6: value.Skeleton = reader.ReadText("SkeletonDefinition.skeleton", 1, 128); break;
                    case 7: value.JointNames = reader.ReadItems("SkeletonDefinition.joint_names", 0, 256, _ => reader.ReadText("SkeletonDefinition.joint_names", 1, 128)); break;
                    case 8: value.Bones = reader.ReadItems("SkeletonDefinition.bones", 0, 256, _1 => reader.ReadItems("SkeletonDefinition.bones", 2, 2, _ => reader.ReadUInt64("SkeletonDefinition.bones"))); break;
                    case 9: value.LeftRight = reader.ReadItems("SkeletonDefinition.left_right", 0, 256, _1 => reader.ReadItems("SkeletonDefinition.left_right", 2, 2, _ => reader.ReadUInt64("SkeletonDefinition.left_right"))); break;
                    case 10: value.Unit = (SkeletonDefinitionUnit)reader.ReadChoice("SkeletonDefinition.unit", SkeletonDefinitionUnitWords.All); break;
                    case 11: value.Axes = reader.ReadText("SkeletonDefinition.axes", 0, int.MaxValue); break;
                    case 12: value.Camera = CameraModel.Read(reader); break;
                    case 13: value.Model = ModelInfo.Read(reader); break;
                    case 14: value.Humanoid = reader.TryReadNil() ? null : Humanoid.Read(reader); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("SkeletonDefinition", Keys, seen, 0x33ffUL);
            return value;
        }
    }

    /// <summary>A person as a humanoid: how its bones are turned, and this person's lengths of them.</summary>
    public sealed class Body
    {
        /// <summary>(3,) the hips</summary>
        public float[] RootWorldM;
        /// <summary>where the hips face: turn about +z, from +x towards +y</summary>
        public double HeadingRad;
        /// <summary>(B, 4) unit, local: relative to the parent's, T-pose is identity</summary>
        public float[] RotationsXyzw;
        /// <summary>(B, 3) each bone's origin in its parent's frame; 0 for the hips</summary>
        public float[] OffsetsM;
        /// <summary>(J, 3) each joint in its bone's frame; NaN where not learned</summary>
        public float[] JointOffsetsM;

        private static readonly string[] Keys = { "root_world_m", "heading_rad", "rotations_xyzw", "offsets_m", "joint_offsets_m" };

        internal static Body Read(MessagePackReader reader)
        {
            var value = new Body();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("Body"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.RootWorldM = reader.ReadFloats("Body.root_world_m"); break;
                    case 1: value.HeadingRad = reader.ReadDouble("Body.heading_rad"); break;
                    case 2: value.RotationsXyzw = reader.ReadFloats("Body.rotations_xyzw"); break;
                    case 3: value.OffsetsM = reader.ReadFloats("Body.offsets_m"); break;
                    case 4: value.JointOffsetsM = reader.ReadFloats("Body.joint_offsets_m"); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("Body", Keys, seen, 0x1fUL);
            Rules.Check(value);
            return value;
        }
    }

    /// <summary>One person in the world. Whoever leaves is sent once more, with state "left" and no joint.</summary>
    public sealed class Pose
    {
        /// <summary>stays with the person, never used again in this session</summary>
        public long Id;
        public PoseState State;
        /// <summary>(J, 3); NaN where not valid</summary>
        public float[] PositionsWorldM;
        /// <summary>(J,) 0..1</summary>
        public float[] Confidence;
        /// <summary>(J,)</summary>
        public bool[] Valid;
        /// <summary>(2,) chance that the left and the right foot stands still on something; NaN where unknown</summary>
        public float[] Contact = MessagePackReader.FloatsOfBits(0x7fc00000u, 0x7fc00000u);
        /// <summary>None: not known yet, or a publisher that sends no bodies</summary>
        public Body Body;

        private static readonly string[] Keys = { "id", "state", "positions_world_m", "confidence", "valid", "contact", "body" };

        internal static Pose Read(MessagePackReader reader)
        {
            var value = new Pose();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("Pose"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.Id = reader.ReadInt64("Pose.id", long.MinValue, long.MaxValue); break;
                    case 1: value.State = (PoseState)reader.ReadChoice("Pose.state", PoseStateWords.All); break;
                    case 2: value.PositionsWorldM = reader.ReadFloats("Pose.positions_world_m"); break;
                    case 3: value.Confidence = reader.ReadFloats("Pose.confidence"); break;
                    case 4: value.Valid = reader.ReadBools("Pose.valid"); break;
                    case 5: value.Contact = reader.ReadFloats("Pose.contact"); break;
                    case 6: value.Body = reader.TryReadNil() ? null : Body.Read(reader); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("Pose", Keys, seen, 0x1fUL);
            Rules.Check(value);
            return value;
        }
    }

    /// <summary>The answer to one keypoints frame.</summary>
    public sealed class PoseFrame
    {
        /// <summary>protocol version</summary>
        public int V = 1;
        /// <summary>which camera, e.g. "cam0"</summary>
        public string Stream;
        /// <summary>random, new each time the sender starts</summary>
        public string Session;
        /// <summary>counts the answers of this session; a gap is a loss on the way</summary>
        public ulong Seq;
        public string DefId;
        /// <summary>of the keypoints frame that is answered</summary>
        public string SourceSession;
        public ulong SourceSeq;
        /// <summary>copied from the keypoints frame, on `capture_clock`</summary>
        public long TCaptureNs;
        public Clock CaptureClock;
        /// <summary>CLOCK_MONOTONIC of the publisher's host</summary>
        public long TReceiveNs;
        /// <summary>same clock</summary>
        public long TPublishNs;
        /// <summary>what each stage took</summary>
        public Dictionary<string, long> TimingNs;
        public Pose[] People;

        private static readonly string[] Keys = { "v", "stream", "session", "seq", "def_id", "source_session", "source_seq", "t_capture_ns", "capture_clock", "t_receive_ns", "t_publish_ns", "timing_ns", "people" };

        internal static PoseFrame Read(MessagePackReader reader)
        {
            var value = new PoseFrame();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("PoseFrame"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.V = (int)reader.ReadInt64("PoseFrame.v", 1, 1); break;
                    case 1: value.Stream = reader.ReadWord("PoseFrame.stream", 64); break;
                    case 2: value.Session = reader.ReadWord("PoseFrame.session", 64); break;
                    case 3: value.Seq = reader.ReadUInt64("PoseFrame.seq"); break;
                    case 4: value.DefId = reader.ReadText("PoseFrame.def_id", 1, 128); break;
                    case 5: value.SourceSession = reader.ReadWord("PoseFrame.source_session", 64); break;
                    case 6: value.SourceSeq = reader.ReadUInt64("PoseFrame.source_seq"); break;
                    case 7: value.TCaptureNs = reader.ReadInt64("PoseFrame.t_capture_ns", 0, long.MaxValue); break;
                    case 8: value.CaptureClock = (Clock)reader.ReadChoice("PoseFrame.capture_clock", ClockWords.All); break;
                    case 9: value.TReceiveNs = reader.ReadInt64("PoseFrame.t_receive_ns", 0, long.MaxValue); break;
                    case 10: value.TPublishNs = reader.ReadInt64("PoseFrame.t_publish_ns", 0, long.MaxValue); break;
                    case 11: value.TimingNs = reader.ReadTable("PoseFrame.timing_ns", _ => reader.ReadInt64("PoseFrame.timing_ns", long.MinValue, long.MaxValue)); break;
                    case 12: value.People = reader.ReadItems("PoseFrame.people", 0, 64, Pose.Read); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("PoseFrame", Keys, seen, 0x1fffUL);
            return value;
        }
    }

    /// <summary>Milliseconds over the last ten seconds.</summary>
    public sealed class Percentiles
    {
        public double P50;
        public double P95;
        public double P99;

        private static readonly string[] Keys = { "p50", "p95", "p99" };

        internal static Percentiles Read(MessagePackReader reader)
        {
            var value = new Percentiles();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("Percentiles"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.P50 = reader.ReadDouble("Percentiles.p50"); break;
                    case 1: value.P95 = reader.ReadDouble("Percentiles.p95"); break;
                    case 2: value.P99 = reader.ReadDouble("Percentiles.p99"); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("Percentiles", Keys, seen, 0x7UL);
            return value;
        }
    }

    /// <summary>How the stream is, once a second.</summary>
    public sealed class Status
    {
        /// <summary>protocol version</summary>
        public int V = 1;
        /// <summary>which camera, e.g. "cam0"</summary>
        public string Stream;
        /// <summary>random, new each time the sender starts</summary>
        public string Session;
        /// <summary>CLOCK_MONOTONIC of the publisher's host</summary>
        public long TPublishNs;
        public long UnixMinusMonotonicNs;
        /// <summary>waiting: no frame for a second</summary>
        public StatusState State;
        public double UptimeS;
        public double InputRateHz;
        public double OutputRateHz;
        public ulong FramesIn;
        public ulong FramesOut;
        public ulong PeopleInView;
        /// <summary>by stage; "total" is receive to publish</summary>
        public Dictionary<string, Percentiles> LatencyMs;
        /// <summary>bad messages and values, by kind</summary>
        public Dictionary<string, long> Refused;
        /// <summary>good frames that got no answer, by kind</summary>
        public Dictionary<string, long> Dropped;
        public ModelInfo Model;
        public string[] Warnings;

        private static readonly string[] Keys = { "v", "stream", "session", "t_publish_ns", "unix_minus_monotonic_ns", "state", "uptime_s", "input_rate_hz", "output_rate_hz", "frames_in", "frames_out", "people_in_view", "latency_ms", "refused", "dropped", "model", "warnings" };

        internal static Status Read(MessagePackReader reader)
        {
            var value = new Status();
            ulong seen = 0;
            for (int left = reader.ReadMapHeader("Status"); left > 0; left--)
            {
                int key = reader.ReadKey(Keys);
                switch (key)
                {
                    case 0: value.V = (int)reader.ReadInt64("Status.v", 1, 1); break;
                    case 1: value.Stream = reader.ReadWord("Status.stream", 64); break;
                    case 2: value.Session = reader.ReadWord("Status.session", 64); break;
                    case 3: value.TPublishNs = reader.ReadInt64("Status.t_publish_ns", 0, long.MaxValue); break;
                    case 4: value.UnixMinusMonotonicNs = reader.ReadInt64("Status.unix_minus_monotonic_ns", long.MinValue, long.MaxValue); break;
                    case 5: value.State = (StatusState)reader.ReadChoice("Status.state", StatusStateWords.All); break;
                    case 6: value.UptimeS = reader.ReadDouble("Status.uptime_s"); break;
                    case 7: value.InputRateHz = reader.ReadDouble("Status.input_rate_hz"); break;
                    case 8: value.OutputRateHz = reader.ReadDouble("Status.output_rate_hz"); break;
                    case 9: value.FramesIn = reader.ReadUInt64("Status.frames_in"); break;
                    case 10: value.FramesOut = reader.ReadUInt64("Status.frames_out"); break;
                    case 11: value.PeopleInView = reader.ReadUInt64("Status.people_in_view"); break;
                    case 12: value.LatencyMs = reader.ReadTable("Status.latency_ms", Percentiles.Read); break;
                    case 13: value.Refused = reader.ReadTable("Status.refused", _ => reader.ReadInt64("Status.refused", long.MinValue, long.MaxValue)); break;
                    case 14: value.Dropped = reader.ReadTable("Status.dropped", _ => reader.ReadInt64("Status.dropped", long.MinValue, long.MaxValue)); break;
                    case 15: value.Model = ModelInfo.Read(reader); break;
                    case 16: value.Warnings = reader.ReadItems("Status.warnings", 0, int.MaxValue, _ => reader.ReadText("Status.warnings", 0, int.MaxValue)); break;
                    default: reader.Skip(); continue;
                }
                seen |= 1UL << key;
            }
            MessagePackReader.RequireKeys("Status", Keys, seen, 0x1ffffUL);
            return value;
        }
    }
}
