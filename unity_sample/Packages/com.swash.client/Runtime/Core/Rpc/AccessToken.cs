using System;
using System.Net;

namespace Swash
{
    /// <summary>
    /// Tells a server who calls, where it asks. It never shows itself, and belongs into no scene and no repository.
    /// </summary>
    public sealed class AccessToken
    {
        /// <summary>The environment variable that holds a token where nothing else is said.</summary>
        public const string DefaultVariable = "SWASH_TOKEN";

        private readonly string _text;
        private readonly bool _allowInsecure;

        /// <summary>Takes a token.</summary>
        /// <param name="text">As `swash token new` shows it.</param>
        /// <param name="allowInsecure">
        /// Send it unencrypted to other machines too: whoever listens on the way may use it from then on.
        /// </param>
        /// <exception cref="SwashException">InvalidArgument: it is none.</exception>
        public AccessToken(string text, bool allowInsecure = false)
        {
            bool right = !string.IsNullOrEmpty(text);
            foreach (char character in text ?? "")
                right &= character > ' ' && character < '\x7f';
            if (!right)
            {
                throw Wrong(
                    "printable ASCII without spaces, got " + (text ?? "").Length + " characters that are not");
            }
            _text = text;
            _allowInsecure = allowInsecure;
        }

        /// <summary>Returns the token of an environment variable, null when there is none.</summary>
        /// <exception cref="SwashException">InvalidArgument: it is no token.</exception>
        public static AccessToken FromEnvironment(string variable = DefaultVariable, bool allowInsecure = false)
        {
            string text = string.IsNullOrEmpty(variable) ? null : Environment.GetEnvironmentVariable(variable);
            return string.IsNullOrEmpty(text) ? null : new AccessToken(text.Trim(), allowInsecure);
        }

        /// <summary>Returns nothing of it.</summary>
        public override string ToString() => "a token";

        /// <summary>What the header "authorization" holds.</summary>
        internal string Header => "Bearer " + _text;

        /// <summary>Throws where others could read it on its way to a server.</summary>
        /// <exception cref="SwashException">InvalidArgument.</exception>
        public void CheckFor(Uri server)
        {
            if (_allowInsecure || server.Scheme == Uri.UriSchemeHttps || IsThisMachine(server))
                return;
            throw Wrong(
                "only over https, got none to " + server.Host + "; allow it to be insecure if the way there is safe");
        }

        private static bool IsThisMachine(Uri server)
        {
            string host = server.DnsSafeHost;
            return IPAddress.TryParse(host, out IPAddress address)
                ? IPAddress.IsLoopback(address)
                : string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);
        }

        private static SwashException Wrong(string description) =>
            new SwashException(SwashStatus.InvalidArgument, "token: " + description)
            {
                Violations = new[] { new FieldViolation("token", description) },
            };
    }
}
