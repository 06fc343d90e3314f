using System;
using System.Collections.Generic;
using Swash.V1;

namespace Swash
{
    /// <summary>What a game's developer is told of a failure.</summary>
    internal static class Problem
    {
        /// <summary>Returns what happened, which fields are at fault, and what to try instead.</summary>
        public static string Text(Exception failure)
        {
            if (!(failure is SwashException error))
                return failure.Message;
            string text = error.Message;
            foreach (FieldViolation violation in error.Violations)
            {
                if (!text.Contains(violation.Description))
                    text += "\n" + violation;
            }
            return WithSuggestions(text, error.Suggestions);
        }

        /// <summary>Returns why a command of a live session was refused, and what to try instead.</summary>
        public static string Text(Refused refused)
        {
            string field = refused.Field.Length > 0 ? refused.Field + ": " : "";
            return WithSuggestions(field + refused.Message, refused.Suggestions);
        }

        /// <summary>Whether a call ended because somebody here ended it: that is no failure.</summary>
        public static bool IsOurs(Exception failure) =>
            failure is OperationCanceledException || failure is ObjectDisposedException
            || (failure is SwashException error && error.Status == SwashStatus.Cancelled);

        /// <summary>Whether a live session that ended so may be well the next time, without anybody changing anything.</summary>
        public static bool MayPass(Exception failure)
        {
            if (!(failure is SwashException error))
                return false;
            switch (error.Status)
            {
                case SwashStatus.Unavailable:
                case SwashStatus.ResourceExhausted:
                case SwashStatus.DeadlineExceeded:
                case SwashStatus.DataLoss:
                case SwashStatus.NotFound: // of a live session: it is over, for the server was started anew perhaps
                case SwashStatus.Internal: // the server was killed in the middle of a message
                    return true;
                default:
                    return false;
            }
        }

        private static string WithSuggestions(string text, IReadOnlyList<string> suggestions) =>
            suggestions.Count == 0 || text.Contains(suggestions[0])
                ? text
                : text + "\ntry: " + string.Join(", ", suggestions);
    }
}
