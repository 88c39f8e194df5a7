using System;
using System.Runtime.InteropServices;
using System.Text;

namespace M2t3
{
    /// <summary>A SUB socket of the native libzmq (4.2 or newer) with the protocol's settings.</summary>
    public sealed class ZmqSocket : IMessageSocket
    {
        private const int WaitMs = 100;

        private readonly string _endpoint;
        private IntPtr _context;
        private IntPtr _socket;
        private IntPtr _monitor;  // tells what became of handshakes
        private readonly byte[] _event = new byte[256];
        private readonly bool _hasKeys;

        /// <exception cref="ZmqException">An option or the endpoint is not valid.</exception>
        /// <exception cref="DllNotFoundException">There is no libzmq.</exception>
        public ZmqSocket(SubscriberOptions options)
        {
            _endpoint = options.Endpoint;
            _context = Native.zmq_ctx_new();
            _socket = Native.zmq_socket(_context, Native.Sub);
            try
            {
                Set(Native.Linger, 0);
                Set(Native.ReceiveTimeout, WaitMs);
                // A frozen or vanished host sends no FIN: only heartbeats tell.
                Set(Native.HeartbeatInterval, 500);
                Set(Native.HeartbeatTimeout, 1500);
                Set(Native.ReconnectInterval, 100);
                Set(Native.ReconnectIntervalMax, 1000);
                long maxBytes = Protocol.MaxMessageBytes;
                Check(Native.zmq_setsockopt(
                    _socket, Native.MaxMessageSize, ref maxBytes, (UIntPtr)sizeof(long)));
                _hasKeys = SetKeys(options);
                Set(Native.Subscribe, Protocol.PoseFrameTopic + "." + options.Stream);
                Set(Native.Subscribe, Protocol.StatusTopic + "." + options.Stream);
                // Of all streams, to be able to name them.
                Set(Native.Subscribe, Protocol.SkeletonDefinitionTopic + ".");
                WatchHandshakes();
                Connect();
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public bool Receive(ReceivedMessage message)
        {
            Attend();
            int size = Take(message.Topic);
            if (size < 0) return false;
            message.TopicLength = size;
            message.PayloadLength = 0;
            message.Parts = 1;
            while (More())
            {
                // Parts after the second are taken in and forgotten: the message is refused.
                size = Take(message.Parts == 1 ? message.Payload : message.Topic);
                if (size < 0) return false;
                if (message.Parts == 1) message.PayloadLength = size;
                message.Parts++;
            }
            return true;
        }

        public string Unwelcome { get; private set; }

        public void Reconnect()
        {
            Native.zmq_disconnect(_socket, _endpoint);
            Connect();
        }

        public void Dispose()
        {
            if (_socket != IntPtr.Zero) Native.zmq_close(_socket);
            if (_monitor != IntPtr.Zero) Native.zmq_close(_monitor);
            if (_context != IntPtr.Zero) Native.zmq_ctx_term(_context);
            _socket = _monitor = _context = IntPtr.Zero;
        }

        private void Connect()
        {
            if (Native.zmq_connect(_socket, _endpoint) == 0) return;
            throw new ZmqException("cannot connect to '" + _endpoint + "' (" + LastError()
                + "); valid: tcp://HOST:PORT, such as " + Protocol.DefaultEndpoint);
        }

        private void WatchHandshakes()
        {
            const string place = "inproc://handshakes";  // within this socket's own context
            const int events = Native.HandshakeRefused | Native.HandshakeSucceeded
                | Native.HandshakeBroken | Native.HandshakeUnknownKey;
            Check(Native.zmq_socket_monitor(_socket, place, events));
            _monitor = Native.zmq_socket(_context, Native.Pair);
            Check(Native.zmq_connect(_monitor, place));
        }

        /// <summary>Hears what became of handshakes since the last time.</summary>
        private void Attend()
        {
            while (TakeEvent() >= 0)
            {
                int kind = BitConverter.ToUInt16(_event, 0);
                TakeEvent();  // the second part, an address
                // A refusal's words may be lost with the connection; what an earlier one said holds.
                if (kind == Native.HandshakeRefused && Unwelcome != null) continue;
                Unwelcome = kind == Native.HandshakeUnknownKey
                    ? "does not know this client's key: make one where the stream runs, with"
                        + " `m2t3 keys new NAME`"
                    : kind == Native.HandshakeRefused
                    ? "ends the handshake: it has another key than this client's ServerKey, or is no"
                        + " m2t3-stream"
                    : kind == Native.HandshakeSucceeded
                    ? null
                    : _hasKeys
                    ? "has no keys, and this client has: leave them out, or start the stream with"
                        + " --keys"
                    : "asks for keys: make some where the stream runs, with `m2t3 keys new NAME`";
            }
        }

        private int TakeEvent()
        {
            return Native.zmq_recv(
                _monitor, _event, (UIntPtr)_event.Length, Native.DoNotWait);
        }

        /// <summary>Whether there are keys.</summary>
        private bool SetKeys(SubscriberOptions options)
        {
            string[] keys = { options.ServerKey, options.PublicKey, options.SecretKey };
            int given = 0;
            foreach (string key in keys)
            {
                if (string.IsNullOrEmpty(key)) continue;
                given++;
                if (key.Length != 40)
                {
                    throw new ZmqException("a key has " + key.Length + " characters; valid are the"
                        + " 40 that `m2t3 keys` writes");
                }
            }
            if (given == 0) return false;
            if (given != 3)
            {
                throw new ZmqException("encryption needs all of ServerKey, PublicKey, SecretKey");
            }
            if (Native.zmq_has("curve") == 0)
            {
                throw new ZmqException("this libzmq was built without CURVE: use one with libsodium");
            }
            Set(Native.CurveServerKey, options.ServerKey);
            Set(Native.CurvePublicKey, options.PublicKey);
            Set(Native.CurveSecretKey, options.SecretKey);
            return true;
        }

        /// <summary>Size of the next part, -1 if none comes in time.</summary>
        private int Take(byte[] buffer)
        {
            int size = Native.zmq_recv(_socket, buffer, (UIntPtr)buffer.Length, 0);
            if (size >= 0) return size;
            int error = Native.zmq_errno();
            if (error == Native.Interrupted || Array.IndexOf(Native.Again, error) >= 0) return -1;
            throw new ZmqException("receiving failed: " + LastError());
        }

        private bool More()
        {
            int more = 0;
            var size = (UIntPtr)sizeof(int);
            Check(Native.zmq_getsockopt(_socket, Native.ReceiveMore, ref more, ref size));
            return more != 0;
        }

        private void Set(int option, int value)
        {
            Check(Native.zmq_setsockopt(_socket, option, ref value, (UIntPtr)sizeof(int)));
        }

        private void Set(int option, string value)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(value);
            Check(Native.zmq_setsockopt(_socket, option, bytes, (UIntPtr)bytes.Length));
        }

        private static void Check(int result)
        {
            if (result != 0) throw new ZmqException("libzmq refuses an option: " + LastError());
        }

        private static string LastError()
        {
            return Marshal.PtrToStringAnsi(Native.zmq_strerror(Native.zmq_errno()));
        }

        /// <summary>libzmq's C interface, as far as it is needed (zmq.h).</summary>
        private static class Native
        {
            internal const int Pair = 0, Sub = 2, DoNotWait = 1, Interrupted = 4;
            internal const int Subscribe = 6, ReceiveMore = 13, Linger = 17, ReconnectInterval = 18;
            internal const int ReconnectIntervalMax = 21, MaxMessageSize = 22, ReceiveTimeout = 27;
            internal const int CurvePublicKey = 48, CurveSecretKey = 49, CurveServerKey = 50;
            internal const int HeartbeatInterval = 75, HeartbeatTimeout = 77;
            // Of libzmq 4.3; 4.2 is silent about handshakes.
            internal const int HandshakeRefused = 0x0800, HandshakeSucceeded = 0x1000;
            internal const int HandshakeBroken = 0x2000, HandshakeUnknownKey = 0x4000;
            internal static readonly int[] Again = { 11, 35 };  // EAGAIN: Linux and Windows, macOS

            private const string Library = "libzmq";
            private const CallingConvention C = CallingConvention.Cdecl;

            [DllImport(Library, CallingConvention = C)]
            internal static extern IntPtr zmq_ctx_new();

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_ctx_term(IntPtr context);

            [DllImport(Library, CallingConvention = C)]
            internal static extern IntPtr zmq_socket(IntPtr context, int type);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_close(IntPtr socket);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_connect(
                IntPtr socket, [MarshalAs(UnmanagedType.LPStr)] string endpoint);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_socket_monitor(
                IntPtr socket, [MarshalAs(UnmanagedType.LPStr)] string place, int events);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_disconnect(
                IntPtr socket, [MarshalAs(UnmanagedType.LPStr)] string endpoint);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_recv(
                IntPtr socket, [In, Out] byte[] buffer, UIntPtr length, int flags);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_getsockopt(
                IntPtr socket, int option, ref int value, ref UIntPtr length);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_setsockopt(
                IntPtr socket, int option, ref int value, UIntPtr length);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_setsockopt(
                IntPtr socket, int option, ref long value, UIntPtr length);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_setsockopt(
                IntPtr socket, int option, byte[] value, UIntPtr length);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_has(
                [MarshalAs(UnmanagedType.LPStr)] string capability);

            [DllImport(Library, CallingConvention = C)]
            internal static extern int zmq_errno();

            [DllImport(Library, CallingConvention = C)]
            internal static extern IntPtr zmq_strerror(int error);
        }
    }

    /// <summary>libzmq refuses an option, an endpoint or a key.</summary>
    public sealed class ZmqException : Exception
    {
        public ZmqException(string message) : base(message)
        {
        }
    }
}
