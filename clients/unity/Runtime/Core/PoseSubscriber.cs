using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace M2t3
{
    /// <summary>
    /// The newest poses of a stream, whatever happens to the publisher: it may start later, freeze,
    /// die and come back. A thread of its own owns the socket, takes in all that comes and keeps
    /// the newest frame; bad messages are refused and counted. All members are thread-safe.
    /// </summary>
    public sealed class PoseSubscriber : IDisposable
    {
        /// <summary>The thread is waited for so long at the end; it wakes ten times a second.</summary>
        private const int StopMs = 2000;

        /// <summary>After so long without a word the connection is made anew.</summary>
        private const double SilentMs = 1500;

        public readonly SubscriberOptions Options;

        /// <summary>Called for every good frame, in order, on the reading thread: be quick.</summary>
        public event Action<Frame> FrameReceived;

        private readonly object _lock = new object();
        private readonly Dictionary<string, long> _refused = new Dictionary<string, long>();
        private readonly Dictionary<string, long> _dropped = new Dictionary<string, long>();
        private readonly SortedSet<string> _streams = new SortedSet<string>();
        private readonly Thread _thread;
        private volatile bool _stop;
        private volatile Frame _latest;
        private volatile SkeletonDefinition _definition;
        private volatile Status _status;
        private volatile string _refusal;
        private volatile string _failure;
        private volatile string _unwelcome;
        private volatile int _restarts;
        private PoseFrame _last;  // also one that was not handed out

        /// <summary>Listen with libzmq.</summary>
        public PoseSubscriber(SubscriberOptions options) : this(options, new ZmqSocket(options))
        {
        }

        /// <summary>Listen with `socket`, which the subscriber disposes of.</summary>
        public PoseSubscriber(SubscriberOptions options, IMessageSocket socket)
        {
            Options = options;
            _thread = new Thread(() => Read(socket));
            _thread.Name = "m2t3-" + options.Stream;
            _thread.IsBackground = true;
            _thread.Start();
        }

        /// <summary>The newest frame so far; null before the first.</summary>
        public Frame Latest
        {
            get { return _latest; }
        }

        /// <summary>What the frames mean, the newest one; null until the first arrives.</summary>
        public SkeletonDefinition Definition
        {
            get { return _definition; }
        }

        /// <summary>The publisher's last report; null until the first arrives.</summary>
        public Status Status
        {
            get { return _status; }
        }

        /// <summary>What was wrong with the last message that was refused; null if none was.</summary>
        public string Refusal
        {
            get { return _refusal; }
        }

        /// <summary>Why the reading thread ended before its time; null while it runs.</summary>
        public string Failure
        {
            get { return _failure; }
        }

        /// <summary>
        /// Why the publisher does not let this client in; null if it does, or is not there.
        /// </summary>
        public string Unwelcome
        {
            get { return _unwelcome; }
        }

        /// <summary>How often the publisher came back as a new session.</summary>
        public int Restarts
        {
            get { return _restarts; }
        }

        /// <summary>The newest frame if it came within the last `limitMs`, else null.</summary>
        public Frame Newest(double limitMs)
        {
            Frame frame = _latest;
            return frame != null && frame.SinceArrivalMs <= limitMs ? frame : null;
        }

        /// <summary>Bad messages, by the kinds of <see cref="WireException"/>.</summary>
        public Dictionary<string, long> Refused()
        {
            lock (_lock) return new Dictionary<string, long>(_refused);
        }

        /// <summary>
        /// Good frames that were not handed out: "lost" on the way, "out_of_order", or "undefined"
        /// (their definition had not come yet).
        /// </summary>
        public Dictionary<string, long> Dropped()
        {
            lock (_lock) return new Dictionary<string, long>(_dropped);
        }

        /// <summary>Names of all streams that this publisher has.</summary>
        public string[] StreamsHeard()
        {
            lock (_lock)
            {
                var names = new string[_streams.Count];
                _streams.CopyTo(names);
                return names;
            }
        }

        /// <summary>Stop listening. Disposing twice does no harm.</summary>
        public void Dispose()
        {
            _stop = true;
            if (Thread.CurrentThread != _thread) _thread.Join(StopMs);
        }

        private void Read(IMessageSocket socket)
        {
            var message = new ReceivedMessage();
            try
            {
                using (socket)
                {
                    var sinceWord = Stopwatch.StartNew();
                    while (!_stop)
                    {
                        if (socket.Receive(message))
                        {
                            sinceWord.Restart();
                            Take(message);
                        }
                        else if (sinceWord.ElapsedMilliseconds > SilentMs)
                        {
                            sinceWord.Restart();
                            socket.Reconnect();
                        }
                        _unwelcome = socket.Unwelcome;
                    }
                }
            }
            catch (Exception error)
            {
                _failure = error.Message;
            }
        }

        private void Take(ReceivedMessage message)
        {
            try
            {
                if (message.Parts != 2)
                {
                    throw new WireException("parts", message.Parts + " parts; valid: 2");
                }
                if (message.TopicLength > message.Topic.Length)
                {
                    throw new WireException("topic", "a topic of " + message.TopicLength + " bytes");
                }
                string topic = Wire.Topic(message.Topic, message.TopicLength);
                Take(Wire.Decode(topic, message.Payload, message.PayloadLength));
            }
            catch (WireException refusal)
            {
                Count(_refused, refusal.Kind, 1);
                _refusal = refusal.Message;
            }
        }

        // A subscription is a prefix: "cam1" brings "cam10" too, so streams are compared.
        private void Take(object message)
        {
            var definition = message as SkeletonDefinition;
            var status = message as Status;
            var pose = message as PoseFrame;
            if (definition != null)
            {
                lock (_lock) _streams.Add(definition.Stream);
                if (definition.Stream == Options.Stream) _definition = definition;
            }
            else if (status != null && status.Stream == Options.Stream)
            {
                _status = status;
            }
            else if (pose != null && pose.Stream == Options.Stream)
            {
                Take(pose);
            }
        }

        private void Take(PoseFrame message)
        {
            PoseFrame last = _last;
            if (last != null && last.Session != message.Session)
            {
                _restarts++;
            }
            else if (last != null && message.Seq <= last.Seq)
            {
                Count(_dropped, "out_of_order", 1);
                return;
            }
            else if (last != null && message.Seq > last.Seq + 1)
            {
                Count(_dropped, "lost", (long)(message.Seq - last.Seq - 1));
            }
            _last = message;
            SkeletonDefinition definition = _definition;
            if (definition == null || definition.DefId != message.DefId)
            {
                Count(_dropped, "undefined", 1);
                return;
            }
            var frame = new Frame(message, definition);
            _latest = frame;
            Action<Frame> received = FrameReceived;
            if (received != null) received(frame);
        }

        private void Count(Dictionary<string, long> counts, string kind, long more)
        {
            lock (_lock)
            {
                long before;
                counts.TryGetValue(kind, out before);
                counts[kind] = before + more;
            }
        }
    }
}
