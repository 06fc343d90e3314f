namespace Swash
{
    /// <summary>How a game's calls reach the server.</summary>
    public enum SwashTransport
    {
        /// <summary>UnityWebRequest on WebGL, gRPC-Web over HttpClient everywhere else.</summary>
        Auto,

        /// <summary>gRPC-Web over HttpClient, to the server's HTTP port. Decoding costs the main thread nothing.</summary>
        GrpcWeb,

        /// <summary>gRPC-Web over UnityWebRequest, to the server's HTTP port: all on the main thread, also on WebGL.</summary>
        UnityWebRequest,

        /// <summary>
        /// gRPC over HTTP/2, to the server's gRPC port. Needs the package com.cysharp.yetanotherhttphandler, or
        /// Unity 6.7 or later.
        /// </summary>
        GrpcHttp2,
    }
}
