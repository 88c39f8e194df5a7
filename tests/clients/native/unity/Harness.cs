// The C# client as a program, for the tests that compare it with Python.
//
//   harness decode                            topic and payload in hex, a line each on stdin
//   harness convert                           x y z qx qy qz qw of the world, a line each on stdin
//   harness bones                             as `decode`: a definition, then a frame
//   harness listen ENDPOINT STREAM [KEY KEY KEY | FOLDER]   until stdin ends
//
// `listen` prints `frame SESSION T_NS MEANING` for every good frame, and at the end
// `age T_NS AGE_MS SINCE_MS` for every sample of the newest frame, then the counters.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Text;
using System.Threading;
using M2t3;

internal static class Harness
{
    private static int Main(string[] arguments)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        output.AutoFlush = true;
        try
        {
            if (arguments[0] == "decode") Decode(output);
            else if (arguments[0] == "convert") ConvertAxes(output);
            else if (arguments[0] == "bones") Bones(output);
            else Listen(arguments, output);
            return 0;
        }
        catch (ZmqException error)
        {
            output.WriteLine("error " + error.Message);
            return 2;
        }
    }

    private static void Decode(TextWriter output)
    {
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            string[] parts = line.Split(' ');
            byte[] topic = Bytes(parts[0]);
            byte[] payload = Bytes(parts[1]);
            try
            {
                object message = Wire.Decode(
                    Wire.Topic(topic, topic.Length), payload, payload.Length);
                output.WriteLine("means " + Meaning(message));
            }
            catch (WireException refusal)
            {
                output.WriteLine("refused " + refusal.Kind);
            }
        }
    }

    private static void ConvertAxes(TextWriter output)
    {
        string line;
        while ((line = Console.In.ReadLine()) != null)
        {
            float[] v = Array.ConvertAll(line.Split(' '), float.Parse);
            Write(output, "", Axes.PositionToUnity(v[0], v[1], v[2]),
                Axes.RotationToUnity(v[3], v[4], v[5], v[6]));
        }
    }

    /// <summary>Each bone in the world: its name, origin and turn.</summary>
    private static void Bones(TextWriter output)
    {
        var definition = (SkeletonDefinition)Read();
        var frame = new Frame((PoseFrame)Read(), definition);
        HumanoidPose pose = HumanoidPose.Of(frame.People[0]);
        for (int i = 0; i < pose.BoneNames.Length; i++)
        {
            Write(output, pose.BoneNames[i] + " ", pose.Origins[i], pose.Turns[i]);
        }
        output.WriteLine("LegLength " + pose.LegLength.ToString("R"));
    }

    private static object Read()
    {
        string[] parts = Console.In.ReadLine().Split(' ');
        byte[] topic = Bytes(parts[0]), payload = Bytes(parts[1]);
        return Wire.Decode(Wire.Topic(topic, topic.Length), payload, payload.Length);
    }

    private static void Write(TextWriter output, string name, Vec3 at, Quat turn)
    {
        float[] values = { at.X, at.Y, at.Z, turn.X, turn.Y, turn.Z, turn.W };
        output.WriteLine(name + string.Join(" ", Array.ConvertAll(values, v => v.ToString("R"))));
    }

    private static void Listen(string[] arguments, TextWriter output)
    {
        var options = new SubscriberOptions { Endpoint = arguments[1], Stream = arguments[2] };
        if (arguments.Length == 4)
        {
            Keys.Read(arguments[3], options);
        }
        else if (arguments.Length > 4)
        {
            options.ServerKey = arguments[3];
            options.PublicKey = arguments[4];
            options.SecretKey = arguments[5];
        }
        var ages = new StringBuilder();
        bool ended = false;
        var watcher = new Thread(() => { Console.In.ReadToEnd(); ended = true; });
        watcher.IsBackground = true;
        watcher.Start();
        using (var poses = new PoseSubscriber(options))
        {
            poses.FrameReceived += frame => output.WriteLine(
                "frame " + frame.Message.Session + " " + NowNs() + " " + Meaning(frame.Message));
            while (!ended)
            {
                Frame newest = poses.Latest;
                if (newest != null)
                {
                    ages.AppendFormat("age {0} {1:F3} {2:F3}\n", NowNs(), newest.AgeMs,
                        newest.SinceArrivalMs);
                }
                Thread.Sleep(4);
            }
            poses.Dispose();
            output.Write(ages);
            foreach (var count in poses.Refused())
            {
                output.WriteLine("refused " + count.Key + " " + count.Value);
            }
            foreach (var count in poses.Dropped())
            {
                output.WriteLine("dropped " + count.Key + " " + count.Value);
            }
            output.WriteLine("restarts " + poses.Restarts);
            if (poses.Unwelcome != null) output.WriteLine("unwelcome " + poses.Unwelcome);
            if (poses.Failure != null) output.WriteLine("failure " + poses.Failure);
        }
    }

    /// <summary>CLOCK_MONOTONIC, as mono's Stopwatch on Linux counts it.</summary>
    private static long NowNs()
    {
        return (long)(Stopwatch.GetTimestamp() * (1e9m / Stopwatch.Frequency));
    }

    /// <summary>As clients/schema/meaning.py has it.</summary>
    private static string Meaning(object value)
    {
        if (value == null) return "nil";
        if (value is double)
        {
            return "f64:" + BitConverter.DoubleToInt64Bits((double)value).ToString("x16");
        }
        if (value is string) return Quoted((string)value);
        if (value is float[])
        {
            var floats = (float[])value;
            var bytes = new byte[4 * floats.Length];
            Buffer.BlockCopy(floats, 0, bytes, 0, bytes.Length);
            return "f32:" + Hex(bytes);
        }
        if (value is bool[]) return "u8:" + Hex(Array.ConvertAll((bool[])value, b => (byte)(b ? 1 : 0)));
        if (value is Enum)
        {
            Type words = Type.GetType(value.GetType().FullName + "Words");
            FieldInfo all = words.GetField("All", BindingFlags.Static | BindingFlags.NonPublic);
            return Quoted(((string[])all.GetValue(null))[(int)value]);
        }
        if (value is IDictionary)
        {
            var items = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (DictionaryEntry item in (IDictionary)value)
            {
                items[(string)item.Key] = Quoted((string)item.Key) + ":" + Meaning(item.Value);
            }
            return "{" + string.Join(",", items.Values) + "}";
        }
        if (value is Array)
        {
            var items = new List<string>();
            foreach (object item in (Array)value) items.Add(Meaning(item));
            return "[" + string.Join(",", items) + "]";
        }
        if (value.GetType().IsPrimitive) return value.ToString();
        var fields = new List<string>();
        foreach (FieldInfo field in value.GetType().GetFields(
            BindingFlags.Instance | BindingFlags.Public))
        {
            fields.Add(Meaning(field.GetValue(value)));
        }
        return "(" + string.Join(",", fields) + ")";
    }

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            bool plain = b >= 0x20 && b < 0x7f && b != '"' && b != '\\';
            quoted.Append(plain ? ((char)b).ToString() : "\\x" + b.ToString("x2"));
        }
        return quoted.Append('"').ToString();
    }

    private static string Hex(byte[] bytes)
    {
        return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
    }

    private static byte[] Bytes(string hex)
    {
        var bytes = new byte[hex.Length / 2];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = Convert.ToByte(hex.Substring(2 * i, 2), 16);
        return bytes;
    }
}
