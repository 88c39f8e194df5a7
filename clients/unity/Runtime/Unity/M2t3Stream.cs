using System;
using System.Collections.Generic;
using UnityEngine;

namespace M2t3.Unity
{
    /// <summary>
    /// Listens to one stream. What it shows is in the axes of its own transform: move that to move
    /// m2t3's world.
    /// </summary>
    [AddComponentMenu("m2t3/Stream")]
    public sealed class M2t3Stream : MonoBehaviour
    {
        [Tooltip("Where m2t3-stream publishes.")]
        public string endpoint = Protocol.DefaultEndpoint;

        [Tooltip("The stream's name: that of the camera.")]
        public string streamName = "cam0";

        [Tooltip("Folder that `m2t3 keys new NAME` made for this client; empty without encryption.")]
        public string keyFolder = "";

        [Tooltip("People vanish if nothing came for so long.")]
        public float staleAfterMs = 500f;

        private static readonly IReadOnlyList<Person> Nobody = new Person[0];
        private PoseSubscriber _poses;

        /// <summary>The connection; null while disabled.</summary>
        public PoseSubscriber Poses
        {
            get { return _poses; }
        }

        /// <summary>The newest frame of this Update; null if there is none that is fresh.</summary>
        public Frame Frame { get; private set; }

        /// <summary>Everybody in view.</summary>
        public IReadOnlyList<Person> People
        {
            get { return Frame == null ? Nobody : Frame.People; }
        }

        /// <summary>Why there is no connection; null if there is one.</summary>
        public string Problem { get; private set; }

        /// <summary>The person with this id, or the first in view for a negative one; or null.</summary>
        public Person Find(long personId)
        {
            foreach (Person person in People)
            {
                if (personId < 0 || person.Id == personId) return person;
            }
            return null;
        }

        private void OnEnable()
        {
            Problem = null;
            try
            {
                var options = new SubscriberOptions { Endpoint = endpoint, Stream = streamName };
                if (!string.IsNullOrEmpty(keyFolder)) Keys.Read(keyFolder, options);
                _poses = new PoseSubscriber(options);
            }
            catch (DllNotFoundException)
            {
                Problem = "There is no libzmq: put it into Assets/Plugins (docs/clients/unity.md).";
            }
            catch (ZmqException error)
            {
                Problem = error.Message;
            }
            if (Problem != null) Debug.LogError("m2t3: " + Problem, this);
        }

        private void Update()
        {
            Frame = _poses == null ? null : _poses.Newest(staleAfterMs);
            if (_poses != null && Problem == null && _poses.Failure != null)
            {
                Problem = _poses.Failure;
                Debug.LogError("m2t3: " + Problem, this);
            }
        }

        private void OnDisable()
        {
            if (_poses != null) _poses.Dispose();
            _poses = null;
            Frame = null;
        }
    }
}
