using System;
using System.Collections;
using System.Collections.Generic;
using NUnit.Framework;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Builders;
using NUnit.Framework.Internal.Commands;
using UnityDouble;

namespace UnityEngine.TestTools
{
    /// <summary>
    /// A test that goes over frames: what it yields is waited for until the next one. It runs in play mode, which is
    /// begun before it and ended after it; what a component has thrown meanwhile fails it.
    /// </summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class UnityTestAttribute : NUnitAttribute, ISimpleTestBuilder, IImplyFixture, IWrapSetUpTearDown, IWrapTestMethod
    {
        public TestMethod BuildFrom(IMethodInfo method, Test suite)
        {
            // The method returns something, and NUnit wants to know what it is to be.
            var parameters = new TestCaseParameters { ExpectedResult = new object() };
            return new NUnitTestCaseBuilder().BuildTestMethod(method, suite, parameters);
        }

        TestCommand ICommandWrapper.Wrap(TestCommand command) =>
            command is TestMethodCommand ? new FramesCommand(command) : (TestCommand)new PlayModeCommand(command);

        /// <summary>Around everything, what the fixture sets up too.</summary>
        private sealed class PlayModeCommand : DelegatingTestCommand
        {
            public PlayModeCommand(TestCommand inner)
                : base(inner)
            {
            }

            public override TestResult Execute(TestExecutionContext context)
            {
                Player.Enter();
                try
                {
                    return innerCommand.Execute(context);
                }
                finally
                {
                    Player.Exit();
                }
            }
        }

        private sealed class FramesCommand : DelegatingTestCommand
        {
            public FramesCommand(TestCommand inner)
                : base(inner)
            {
            }

            public override TestResult Execute(TestExecutionContext context)
            {
                var routine = (IEnumerator)Test.Method.Invoke(context.TestObject);
                while (routine.MoveNext())
                {
                    Player.Frame();
                    IReadOnlyList<Exception> thrown = Debug.TakeExceptions();
                    if (thrown.Count > 0)
                        throw new AggregateException("a component has thrown", thrown);
                }
                context.CurrentResult.SetResult(ResultState.Success);
                return context.CurrentResult;
            }
        }
    }
}
