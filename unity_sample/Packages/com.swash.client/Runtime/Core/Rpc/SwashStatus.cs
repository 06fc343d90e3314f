namespace Swash
{
    /// <summary>How a call ended: the codes of gRPC, with gRPC's numbers.</summary>
    public enum SwashStatus
    {
        /// <summary>All is well.</summary>
        Ok = 0,

        /// <summary>The caller cancelled the call, or disposed what it ran on.</summary>
        Cancelled = 1,

        /// <summary>Something else than a swash server answered, or one that is newer than this client.</summary>
        Unknown = 2,

        /// <summary>A field is out of its range; <see cref="SwashException.Violations"/> say which.</summary>
        InvalidArgument = 3,

        /// <summary>The call took longer than it was given.</summary>
        DeadlineExceeded = 4,

        /// <summary>A prompt matches nothing, or there is no such tag or session.</summary>
        NotFound = 5,

        /// <summary>What should be made is there.</summary>
        AlreadyExists = 6,

        /// <summary>The caller may not do this.</summary>
        PermissionDenied = 7,

        /// <summary>The server has as much to do as it may hold, or a message is larger than it may be.</summary>
        ResourceExhausted = 8,

        /// <summary>The engine that was asked for has no weights, or a session takes no more commands.</summary>
        FailedPrecondition = 9,

        /// <summary>The call met another one.</summary>
        Aborted = 10,

        /// <summary>Past the end.</summary>
        OutOfRange = 11,

        /// <summary>The server does not know this call.</summary>
        Unimplemented = 12,

        /// <summary>A fault of the server, or bytes that are no gRPC.</summary>
        Internal = 13,

        /// <summary>No server answers, or the connection broke: perhaps later.</summary>
        Unavailable = 14,

        /// <summary>What arrived is not what was made.</summary>
        DataLoss = 15,

        /// <summary>The caller has no valid credentials.</summary>
        Unauthenticated = 16,
    }
}
