namespace M2t3
{
    /// <summary>Where the poses come from.</summary>
    public sealed class SubscriberOptions
    {
        /// <summary>ZeroMQ endpoint of the publisher, which need not be there yet.</summary>
        public string Endpoint = Protocol.DefaultEndpoint;

        /// <summary>Which of its streams: the name of the camera.</summary>
        public string Stream = "cam0";

        /// <summary>
        /// For an encrypted stream: the publisher's public key and this client's pair, 40
        /// characters each as `m2t3 keys` writes them. All three, or none.
        /// </summary>
        public string ServerKey;
        public string PublicKey;
        public string SecretKey;
    }
}
