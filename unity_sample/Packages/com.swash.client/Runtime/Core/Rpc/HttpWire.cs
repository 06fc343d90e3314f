namespace Swash
{
    /// <summary>How calls travel over HTTP.</summary>
    public enum HttpWire
    {
        /// <summary>gRPC-Web over HTTP/1.1, to the server's HTTP port: works everywhere.</summary>
        GrpcWeb,

        /// <summary>
        /// gRPC over HTTP/2, to the server's gRPC port: for runtimes or handlers that speak HTTP/2 in the clear and
        /// give trailers.
        /// </summary>
        GrpcHttp2,
    }
}
