using System.Net.Http;

// What speaks HTTP/2 in Unity, by its signature alone: it shows that the package compiles against it.
namespace UnityEngine.Networking
{
    public enum HttpForcedVersion
    {
        NotForced = 0,
        HTTP1_0 = 1,
        HTTP1_1 = 2,
        HTTP2 = 3,
    }

    public sealed class UnityHttpMessageHandler : HttpClientHandler
    {
        public HttpForcedVersion HttpForcedVersion { get; set; }
    }
}

namespace Cysharp.Net.Http
{
    public sealed class YetAnotherHttpHandler : HttpClientHandler
    {
        public bool? Http2Only { get; set; }
    }
}
