using System;
using System.Collections.Generic;
using System.Globalization;
using Swash.V1;
using Swash.Wire;
using Text = System.Text.Encoding;

namespace Swash
{
    /// <summary>What the head and the end of a gRPC or gRPC-Web answer mean, for every transport the same.</summary>
    public static class GrpcAnswer
    {
        /// <summary>Throws when an answer begins with a failure, or is none of gRPC.</summary>
        /// <param name="httpStatus">200 is as it should be.</param>
        /// <param name="contentType">Of the answer; null when it has none.</param>
        /// <param name="header">Gives a header by its name in lower case, null when it is not there.</param>
        /// <param name="server">Whom was asked, for the message.</param>
        /// <param name="text">The beginning of a body that is text; else null.</param>
        public static void ThrowUnlessGrpc(
            int httpStatus, string contentType, Func<string, string> header, string server, string text = null)
        {
            string status = header("grpc-status");
            if (status != null && status != "0") // an answer of headers alone
                throw ErrorOf(status, header("grpc-message"), header("grpc-status-details-bin"));
            if (httpStatus != 200)
            {
                string said = string.IsNullOrWhiteSpace(text) ? "" : ": " + text.Trim();
                throw new SwashException(StatusOfHttp(httpStatus), server + " answers HTTP " + httpStatus + said);
            }
            if (!IsGrpc(contentType))
            {
                throw new SwashException(
                    SwashStatus.Unknown,
                    server + " answers " + (contentType ?? "something without a type") + ", which is no gRPC: "
                    + "is it the address of a swash server, and the port for HTTP?");
            }
        }

        /// <summary>Throws when the trailers of an answer tell of a failure, or tell nothing.</summary>
        /// <param name="trailer">Gives a trailer by its name in lower case, null when it is not there.</param>
        public static void ThrowUnlessOk(Func<string, string> trailer)
        {
            string status = trailer("grpc-status");
            if (status == null)
                throw new SwashException(SwashStatus.Unavailable, "the connection broke before the answer ended");
            if (status != "0")
                throw ErrorOf(status, trailer("grpc-message"), trailer("grpc-status-details-bin"));
        }

        /// <summary>Whether a content type is one of gRPC.</summary>
        public static bool IsGrpc(string contentType) =>
            contentType != null && contentType.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase);

        /// <summary>Undoes the percent-encoding of a grpc-message, which is UTF-8 inside.</summary>
        public static string Decoded(string message)
        {
            if (string.IsNullOrEmpty(message) || message.IndexOf('%') < 0)
                return message ?? "";
            var bytes = new List<byte>(message.Length);
            for (int i = 0; i < message.Length; i++)
            {
                if (message[i] == '%' && i + 2 < message.Length
                    && HexValue(message[i + 1]) >= 0 && HexValue(message[i + 2]) >= 0)
                {
                    bytes.Add((byte)(HexValue(message[i + 1]) * 16 + HexValue(message[i + 2])));
                    i += 2;
                }
                else
                {
                    bytes.AddRange(Text.UTF8.GetBytes(message.Substring(i, 1)));
                }
            }
            return Text.UTF8.GetString(bytes.ToArray());
        }

        /// <summary>0 to 15, or -1 of what is no digit.</summary>
        private static int HexValue(char c) => "0123456789abcdef".IndexOf(char.ToLowerInvariant(c));

        private static SwashException ErrorOf(string code, string message, string details)
        {
            bool known = int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number <= (int)SwashStatus.Unauthenticated;
            SwashStatus status = known ? (SwashStatus)number : SwashStatus.Unknown;
            string text = Decoded(message);
            var error = new SwashException(status, text.Length > 0 ? text : status.ToString());
            if (details != null)
                AddDetails(error, details);
            return error;
        }

        /// <summary>Details are a help, not the message: what cannot be read of them is left out.</summary>
        private static void AddDetails(SwashException error, string base64)
        {
            try
            {
                foreach (Any detail in Status.Parse(FromBase64(base64)).Details)
                    AddDetail(error, detail);
            }
            catch (Exception e) when (e is FormatException || e is ProtoException || e is OverflowException)
            {
            }
        }

        private static void AddDetail(SwashException error, Any detail)
        {
            switch (detail.TypeUrl.Substring(detail.TypeUrl.LastIndexOf('/') + 1))
            {
                case "google.rpc.BadRequest":
                    var violations = new List<FieldViolation>();
                    foreach (BadRequest.Types.FieldViolation violation in BadRequest.Parse(detail.Value).FieldViolations)
                        violations.Add(new FieldViolation(violation.Field, violation.Description));
                    error.Violations = violations;
                    break;
                case "google.rpc.RetryInfo":
                    Duration delay = RetryInfo.Parse(detail.Value).RetryDelay;
                    if (delay != null)
                        error.RetryAfter = TimeSpan.FromSeconds(delay.Seconds + delay.Nanos * 1e-9);
                    break;
                case "swash.v1.ResolvePromptResponse":
                    ResolvePromptResponse resolution = ResolvePromptResponse.Parse(detail.Value);
                    error.Suggestions = resolution.Suggestions;
                    error.UnknownWords = resolution.UnknownWords;
                    break;
            }
        }

        private static byte[] FromBase64(string text)
        {
            int comma = text.IndexOf(','); // a header that came twice
            string padded = (comma < 0 ? text : text.Substring(0, comma)).Trim().TrimEnd('=');
            return Convert.FromBase64String(padded.PadRight((padded.Length + 3) / 4 * 4, '='));
        }

        /// <summary>gRPC's http-grpc-status-mapping.md.</summary>
        private static SwashStatus StatusOfHttp(int code)
        {
            switch (code)
            {
                case 400: return SwashStatus.Internal;
                case 401: return SwashStatus.Unauthenticated;
                case 403: return SwashStatus.PermissionDenied;
                case 404: return SwashStatus.Unimplemented;
                case 429:
                case 502:
                case 503:
                case 504: return SwashStatus.Unavailable;
                default: return SwashStatus.Unknown;
            }
        }
    }
}
