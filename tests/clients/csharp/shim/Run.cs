using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using NUnit.Framework;

namespace Swash.TestRunner
{
    /// <summary>
    /// Runs the tests of the assembly that it is compiled into where NUnit itself does not load, on Debian's Mono:
    /// the same tests, with this folder's Assert. Prints what runner/Run.cs prints.
    /// </summary>
    public static class Run
    {
        public static int Main(string[] arguments)
        {
            var counts = new Dictionary<string, int> { ["Passed"] = 0, ["Failed"] = 0, ["Skipped"] = 0 };
            foreach (Type type in typeof(Run).Assembly.GetTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
            {
                foreach (object[] made in Fixtures(type))
                {
                    foreach (MethodInfo method in type.GetMethods())
                    {
                        foreach (object[] given in Cases(method))
                        {
                            string name = type.FullName + Listed(made) + "." + method.Name + Listed(given);
                            if (arguments.Length == 0 || name.Contains(arguments[0]))
                                counts[Outcome(name, type, made, method, given)]++;
                        }
                    }
                }
            }
            Console.WriteLine($"{counts["Passed"]} passed, {counts["Failed"]} failed, {counts["Skipped"]} skipped");
            return counts["Failed"] == 0 && counts["Passed"] > 0 ? 0 : 1;
        }

        private static IEnumerable<object[]> Fixtures(Type type)
        {
            object[][] made = type.GetCustomAttributes<TestFixtureAttribute>().Select(one => one.Arguments).ToArray();
            return made.Length > 0 ? made : new[] { new object[0] };
        }

        private static IEnumerable<object[]> Cases(MethodInfo method)
        {
            if (method.IsDefined(typeof(TestAttribute)))
                return new[] { new object[0] };
            return method.GetCustomAttributes<TestCaseAttribute>().Select(one => one.Arguments);
        }

        private static string Listed(object[] arguments) =>
            arguments.Length == 0 ? "" : "(" + string.Join(",", arguments) + ")";

        private static string Outcome(string name, Type type, object[] made, MethodInfo method, object[] given)
        {
            string outcome = "Passed";
            string said = "";
            try
            {
                object fixture = Activator.CreateInstance(type, made);
                try
                {
                    Each<SetUpAttribute>(fixture);
                    method.Invoke(fixture, given);
                }
                finally
                {
                    Each<TearDownAttribute>(fixture);
                }
            }
            catch (TargetInvocationException e)
            {
                outcome = e.InnerException is IgnoreException ? "Skipped" : "Failed";
                said = e.InnerException.ToString();
            }
            Console.WriteLine($"{outcome,-12} {name}");
            if (outcome == "Failed")
                Console.WriteLine(said);
            return outcome;
        }

        private static void Each<T>(object fixture)
            where T : Attribute
        {
            foreach (MethodInfo method in fixture.GetType().GetMethods())
            {
                if (method.IsDefined(typeof(T)))
                    method.Invoke(fixture, null);
            }
        }
    }
}
