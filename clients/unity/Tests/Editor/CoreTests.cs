using System.Threading;
using NUnit.Framework;

namespace M2t3.Tests
{
    public sealed class CoreTests
    {
        [Test]
        public void FrontIsFrontLeftIsLeftUpIsUp()
        {
            AssertEqual(Axes.PositionToUnity(1, 0, 0), 0, 0, 1);   // forward: Unity's z
            AssertEqual(Axes.PositionToUnity(0, 1, 0), -1, 0, 0);  // left: minus Unity's x
            AssertEqual(Axes.PositionToUnity(0, 0, 1), 0, 1, 0);   // up: Unity's y
        }

        [Test]
        public void ATurnToTheLeftTurnsToTheLeft()
        {
            const float half = 0.70710678f;  // a quarter turn about up: from forward to left
            Quat turn = Axes.RotationToUnity(0, 0, half, half);
            AssertEqual(turn.Rotate(new Vec3(0, 0, 1)), -1, 0, 0);
        }

        [Test]
        public void WhatIsNoMessagePackIsRefused()
        {
            byte[] bytes = { 0x82, 0xa1, 0x76, 0x01, 0xa1, 0x78, 0xdd, 0xff, 0xff, 0xff, 0xff };
            var refusal = Assert.Throws<WireException>(
                () => Wire.Decode("m2t3.pose.cam0", bytes, bytes.Length));
            Assert.AreEqual("malformed", refusal.Kind);
        }

        [Test]
        public void GarbageIsCountedAndTheSocketIsClosedInTheEnd()
        {
            var socket = new OneMessage();
            using (var poses = new PoseSubscriber(new SubscriberOptions(), socket))
            {
                for (int i = 0; i < 200 && poses.Refused().Count == 0; i++) Thread.Sleep(10);
                Assert.AreEqual(1L, poses.Refused()["parts"]);
                Assert.AreEqual(null, poses.Failure);
            }
            Assert.AreEqual(true, socket.Closed);
        }

        private static void AssertEqual(Vec3 value, float x, float y, float z)
        {
            Assert.AreEqual(x, value.X, 1e-6);
            Assert.AreEqual(y, value.Y, 1e-6);
            Assert.AreEqual(z, value.Z, 1e-6);
        }

        private sealed class OneMessage : IMessageSocket
        {
            public volatile bool Closed;
            private bool _given;

            public string Unwelcome { get { return null; } }

            public bool Receive(ReceivedMessage message)
            {
                if (_given)
                {
                    Thread.Sleep(5);
                    return false;
                }
                message.Parts = 3;
                return _given = true;
            }

            public void Reconnect()
            {
            }

            public void Dispose()
            {
                Closed = true;
            }
        }
    }
}
