using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Swash.TestRunner
{
    /// <summary>
    /// Runs the NUnit tests of the assembly that it is compiled into, one after another, and prints a line for
    /// each and "N passed, N failed, N skipped". With an argument only those whose full name holds it.
    /// </summary>
    public static class Run
    {
        public static int Main(string[] arguments)
        {
            var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
            var settings = new Dictionary<string, object> { ["NumberOfTestWorkers"] = 0 };
            runner.Load(Assembly.GetExecutingAssembly(), settings);
            var report = new Report(Console.Out); // while tests run, NUnit keeps what they write
            runner.Run(report, arguments.Length > 0 ? new NameFilter(arguments[0]) : TestFilter.Empty);
            Console.WriteLine($"{report.Passed} passed, {report.Failed} failed, {report.Skipped} skipped");
            return report.Failed == 0 && report.Passed > 0 ? 0 : 1;
        }
    }

    internal sealed class NameFilter : TestFilter
    {
        private readonly string _part;

        internal NameFilter(string part)
        {
            _part = part;
        }

        public override bool Match(ITest test)
        {
            return !test.IsSuite && test.FullName.Contains(_part);
        }

        public override bool Pass(ITest test)
        {
            if (Match(test)) return true;
            foreach (ITest inner in test.Tests)
            {
                if (Pass(inner)) return true;
            }
            return false;
        }

        public override TNode AddToXml(TNode parent, bool recursive)
        {
            return parent.AddElement("name", _part);
        }
    }

    internal sealed class Report : ITestListener
    {
        private readonly TextWriter _output;

        internal Report(TextWriter output)
        {
            _output = output;
        }

        internal int Passed { get; private set; }

        internal int Failed { get; private set; }

        internal int Skipped { get; private set; }

        public void TestFinished(ITestResult result)
        {
            TestStatus status = result.ResultState.Status;
            bool failed = status == TestStatus.Failed;
            // Of a fixture only its own tear-down counts: what fails there fails no test.
            if (result.Test.IsSuite && !(failed && result.ResultState.Site == FailureSite.TearDown)) return;
            if (status == TestStatus.Passed) Passed++;
            else if (failed) Failed++;
            else Skipped++;
            _output.WriteLine($"{status,-12} {result.Test.FullName}");
            if (failed) _output.WriteLine($"{result.Message}\n{result.StackTrace}");
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }
    }
}
