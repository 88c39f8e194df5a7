using System;

namespace M2t3
{
    /// <summary>
    /// A message that is refused. Kinds are those of the protocol: "parts", "topic", "oversize",
    /// "malformed" (no MessagePack), "version", "schema", "joint_count", "bone_count".
    /// </summary>
    public sealed class WireException : Exception
    {
        public readonly string Kind;

        public WireException(string kind, string message) : base(message)
        {
            Kind = kind;
        }
    }
}
