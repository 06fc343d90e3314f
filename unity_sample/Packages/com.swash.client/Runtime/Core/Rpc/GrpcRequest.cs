using System;
using System.Collections.Generic;
using System.Globalization;

namespace Swash
{
    /// <summary>What a gRPC or gRPC-Web call sends, for every transport the same.</summary>
    public static class GrpcRequest
    {
        private const int HeadBytes = 5;
        private const long MaxTimeoutDigits = 99999999; // eight digits, says gRPC's PROTOCOL-HTTP2.md

        /// <summary>The content type of a call.</summary>
        public static string ContentType(HttpWire wire) =>
            wire == HttpWire.GrpcWeb ? "application/grpc-web+proto" : "application/grpc+proto";

        /// <summary>The headers of a call, its content type apart.</summary>
        /// <param name="wire">How it travels.</param>
        /// <param name="timeout">How long the server may take, more than nothing; null: for ever.</param>
        /// <param name="token">Who calls; null: nobody asks.</param>
        public static IEnumerable<KeyValuePair<string, string>> Headers(
            HttpWire wire, TimeSpan? timeout, AccessToken token = null)
        {
            if (wire == HttpWire.GrpcWeb)
                yield return new KeyValuePair<string, string>("x-grpc-web", "1");
            else
                yield return new KeyValuePair<string, string>("te", "trailers");
            yield return new KeyValuePair<string, string>("grpc-accept-encoding", "identity");
            if (timeout.HasValue)
                yield return new KeyValuePair<string, string>("grpc-timeout", TimeoutText(timeout.Value));
            if (token != null)
                yield return new KeyValuePair<string, string>("authorization", token.Header);
        }

        /// <summary>The body of a call: one frame.</summary>
        public static byte[] Body(byte[] request)
        {
            var body = new byte[HeadBytes + request.Length];
            body[1] = (byte)(request.Length >> 24);
            body[2] = (byte)(request.Length >> 16);
            body[3] = (byte)(request.Length >> 8);
            body[4] = (byte)request.Length;
            Buffer.BlockCopy(request, 0, body, HeadBytes, request.Length);
            return body;
        }

        /// <summary>A timeout as gRPC writes it, rounded up: "1500m" are milliseconds, "100000S" seconds.</summary>
        public static string TimeoutText(TimeSpan timeout)
        {
            if (timeout <= TimeSpan.Zero)
                throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "more than nothing");
            double milliseconds = Math.Ceiling(timeout.TotalMilliseconds);
            if (milliseconds <= MaxTimeoutDigits)
                return ((long)milliseconds).ToString(CultureInfo.InvariantCulture) + "m";
            double seconds = Math.Min(Math.Ceiling(timeout.TotalSeconds), MaxTimeoutDigits);
            return ((long)seconds).ToString(CultureInfo.InvariantCulture) + "S";
        }
    }
}
