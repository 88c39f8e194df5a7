using System.Text;

namespace M2t3
{
    /// <summary>The two parts of a message to what they mean, or a <see cref="WireException"/>.</summary>
    public static class Wire
    {
        private static readonly string[] VersionKey = { "v" };

        /// <summary>
        /// The <see cref="SkeletonDefinition"/>, <see cref="PoseFrame"/> or <see cref="Status"/>
        /// in the first `length` bytes of `payload`, which came on `topic`.
        /// </summary>
        public static object Decode(string topic, byte[] payload, int length)
        {
            string stream;
            object message;
            if (IsOn(topic, Protocol.PoseFrameTopic))
            {
                var reader = Open(payload, length, Protocol.PoseFrameMaxBytes);
                PoseFrame frame = PoseFrame.Read(reader);
                message = frame;
                stream = Protocol.PoseFrameTopic + "." + frame.Stream;
            }
            else if (IsOn(topic, Protocol.SkeletonDefinitionTopic))
            {
                var reader = Open(payload, length, Protocol.SkeletonDefinitionMaxBytes);
                SkeletonDefinition definition = SkeletonDefinition.Read(reader);
                message = definition;
                stream = Protocol.SkeletonDefinitionTopic + "." + definition.Stream;
            }
            else if (IsOn(topic, Protocol.StatusTopic))
            {
                var reader = Open(payload, length, Protocol.StatusMaxBytes);
                Status status = Status.Read(reader);
                message = status;
                stream = Protocol.StatusTopic + "." + status.Stream;
            }
            else
            {
                throw new WireException("topic", "topic '" + topic + "' is none of m2t3's");
            }
            if (topic != stream)
            {
                throw new WireException("topic", stream + " came on topic '" + topic + "'");
            }
            return message;
        }

        /// <summary>The topic of received bytes; what is no ASCII is no topic of ours either.</summary>
        public static string Topic(byte[] buffer, int length)
        {
            return Encoding.ASCII.GetString(buffer, 0, length);
        }

        private static bool IsOn(string topic, string prefix)
        {
            return topic.Length > prefix.Length && topic[prefix.Length] == '.'
                && string.CompareOrdinal(topic, 0, prefix, 0, prefix.Length) == 0;
        }

        /// <summary>
        /// A reader for a payload that is one whole MessagePack map of our version. Another
        /// version's message need not keep our schema, so its version is looked at first.
        /// </summary>
        private static MessagePackReader Open(byte[] payload, int length, int maxBytes)
        {
            if (length > maxBytes)
            {
                throw new WireException("oversize", length + " bytes, at most " + maxBytes);
            }
            var whole = new MessagePackReader(payload, length);
            whole.Skip();
            if (!whole.AtEnd) throw new WireException("malformed", "bytes after the message");

            var head = new MessagePackReader(payload, length);
            long version = -1;
            for (int left = head.ReadMapHeader("message"); left > 0; left--)
            {
                if (head.ReadKey(VersionKey) == 0)
                {
                    version = head.ReadInt64("message.v", long.MinValue, long.MaxValue);
                }
                else
                {
                    head.Skip();
                }
            }
            if (version == -1) throw new WireException("schema", "message lacks the key v");
            if (version != Protocol.Version)
            {
                throw new WireException("version", "protocol version " + version
                    + ", this client speaks " + Protocol.Version);
            }
            return new MessagePackReader(payload, length);
        }
    }
}
