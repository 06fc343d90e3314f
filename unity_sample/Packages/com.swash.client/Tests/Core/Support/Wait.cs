using System;
using System.Threading.Tasks;
using NUnit.Framework;

namespace Swash.Tests
{
    /// <summary>Tests wait, but not for ever: what hangs fails.</summary>
    internal static class Wait
    {
        private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);

        /// <summary>Does something that awaits, away from the editor's main thread, and waits until it is done.</summary>
        internal static void For(Func<Task> what)
        {
            Task task = Task.Run(what);
            if (Task.WhenAny(task, Task.Delay(Longest)).GetAwaiter().GetResult() != task)
                Assert.Fail("it hangs");
            task.GetAwaiter().GetResult();
        }

        /// <summary>Returns the error that something ends with.</summary>
        internal static async Task<SwashException> ErrorOf(Func<Task> what)
        {
            try
            {
                await what();
            }
            catch (SwashException e)
            {
                return e;
            }
            Assert.Fail("nothing went wrong");
            return null;
        }
    }
}
