using System;

namespace M2t3
{
    /// <summary>One message as it came; the buffers are used again for the next one.</summary>
    public sealed class ReceivedMessage
    {
        public readonly byte[] Topic = new byte[256];
        public readonly byte[] Payload = new byte[Protocol.PoseFrameMaxBytes];
        public int TopicLength;    // may be larger than the buffer: then it was cut off
        public int PayloadLength;  // likewise
        public int Parts;
    }

    /// <summary>
    /// What <see cref="PoseSubscriber"/> needs of a SUB socket: <see cref="ZmqSocket"/>, or one of
    /// your own (NetMQ, a recording). After construction only the subscriber's thread uses it.
    /// </summary>
    public interface IMessageSocket : IDisposable
    {
        /// <summary>
        /// Takes the next message; waits for it for a tenth of a second, then returns false.
        /// </summary>
        bool Receive(ReceivedMessage message);

        /// <summary>
        /// Why the publisher does not let this client in; null if it does, or is not there.
        /// </summary>
        string Unwelcome { get; }

        /// <summary>
        /// Makes the connection anew. ZeroMQ does so by itself, but never to a peer that once sent
        /// more than the socket's limit.
        /// </summary>
        void Reconnect();
    }
}
