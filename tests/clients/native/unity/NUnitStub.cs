// As much of NUnit as clients/unity/Tests use, and a runner: it prints `passed NAME` or
// `failed NAME: WHY` for each test. In Unity its Test Runner runs them with the real one.
using System;
using System.Reflection;

namespace NUnit.Framework
{
    public sealed class TestAttribute : Attribute
    {
    }

    public static class Assert
    {
        public static void AreEqual(object expected, object actual)
        {
            if (!Equals(expected, actual)) throw new Exception(actual + " is not " + expected);
        }

        public static void AreEqual(double expected, double actual, double delta)
        {
            if (!(Math.Abs(expected - actual) <= delta))
            {
                throw new Exception(actual + " is not " + expected);
            }
        }

        public static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T expected)
            {
                return expected;
            }
            throw new Exception("nothing was thrown");
        }
    }

    internal static class Runner
    {
        private static void Main()
        {
            foreach (Type type in Assembly.GetExecutingAssembly().GetTypes())
            {
                foreach (MethodInfo method in type.GetMethods())
                {
                    if (!method.IsDefined(typeof(TestAttribute), false)) continue;
                    try
                    {
                        method.Invoke(Activator.CreateInstance(type), null);
                        Console.WriteLine("passed " + method.Name);
                    }
                    catch (TargetInvocationException error)
                    {
                        Console.WriteLine("failed " + method.Name + ": " + error.InnerException);
                    }
                }
            }
        }
    }
}
