using System.IO;
using System.Text.RegularExpressions;

namespace M2t3
{
    /// <summary>
    /// The folder of one client as `m2t3 keys new NAME` makes it: client.key_secret and server.key,
    /// in which keys are lines such as `public-key = "…"`.
    /// </summary>
    public static class Keys
    {
        /// <summary>Puts the folder's three keys into `options`.</summary>
        /// <exception cref="ZmqException">The folder lacks one.</exception>
        public static void Read(string folder, SubscriberOptions options)
        {
            options.ServerKey = Read(folder, "server.key", "public");
            options.PublicKey = Read(folder, "client.key_secret", "public");
            options.SecretKey = Read(folder, "client.key_secret", "secret");
        }

        private static string Read(string folder, string file, string which)
        {
            string path = Path.Combine(folder, file);
            string text;
            try
            {
                text = File.ReadAllText(path);
            }
            catch (IOException error)
            {
                throw new ZmqException(
                    error.Message + " `m2t3 keys new NAME` makes a client's folder.");
            }
            Match key = Regex.Match(text, "^\\s*" + which + "-key\\s*=\\s*\"([^\"\\s]{40})\"",
                RegexOptions.Multiline);
            if (key.Success) return key.Groups[1].Value;
            throw new ZmqException(path + " has no line `" + which + "-key = \"…\"` with a key of 40"
                + " characters; `m2t3 keys new NAME` writes one");
        }
    }
}
