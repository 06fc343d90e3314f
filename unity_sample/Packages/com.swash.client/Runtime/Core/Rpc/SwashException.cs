using System;
using System.Collections.Generic;

namespace Swash
{
    /// <summary>
    /// A call that did not succeed. <see cref="Exception.Message"/> is the server's text where it sent one.
    /// </summary>
    public sealed class SwashException : Exception
    {
        /// <summary>Makes an error without details.</summary>
        public SwashException(SwashStatus status, string message, Exception inner = null)
            : base(message, inner)
        {
            Status = status;
        }

        /// <summary>How the call ended; never <see cref="SwashStatus.Ok"/>.</summary>
        public SwashStatus Status { get; }

        /// <summary>The fields at fault; empty when none is named.</summary>
        public IReadOnlyList<FieldViolation> Violations { get; internal set; } = Array.Empty<FieldViolation>();

        /// <summary>What to try instead of a prompt that matches nothing; empty when the server has no idea.</summary>
        public IReadOnlyList<string> Suggestions { get; internal set; } = Array.Empty<string>();

        /// <summary>Words of the prompt that meant nothing to the server.</summary>
        public IReadOnlyList<string> UnknownWords { get; internal set; } = Array.Empty<string>();

        /// <summary>When the server wants to be asked again; null when it does not say.</summary>
        public TimeSpan? RetryAfter { get; internal set; }
    }
}
