using System;
using System.Linq;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Swash
{
    /// <summary>Believes servers whose certificate one authority of one's own signed, and no others.</summary>
    public sealed class PrivateAuthority
    {
        private readonly X509Certificate2 _authority;

        /// <summary>Takes the authority's certificate: the bytes of a PEM or DER file.</summary>
        /// <exception cref="System.Security.Cryptography.CryptographicException">It is none.</exception>
        public PrivateAuthority(byte[] certificate)
        {
            _authority = new X509Certificate2(certificate);
        }

        /// <summary>
        /// Returns what sends requests as <see cref="HttpTransport"/> does by itself, but believes this authority:
        /// new HttpTransport(server, handler: authority.HandlerFor(server)).
        /// </summary>
        public HttpMessageHandler HandlerFor(Uri server) => HttpTransport.NewHandler(server, Believes);

        /// <summary>Whether a certificate is signed by this authority and names the server that was asked.</summary>
        /// <param name="certificate">The server's.</param>
        /// <param name="sent">The chain that came with it; null: it came alone.</param>
        /// <param name="errors">What the runtime has against it.</param>
        public bool Believes(X509Certificate certificate, X509Chain sent, SslPolicyErrors errors)
        {
            SslPolicyErrors hopeless = SslPolicyErrors.RemoteCertificateNameMismatch
                | SslPolicyErrors.RemoteCertificateNotAvailable;
            if (certificate == null || (errors & hopeless) != 0)
                return false;
            using (var chain = new X509Chain())
            {
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
                chain.ChainPolicy.ExtraStore.Add(_authority);
                if (sent != null)
                {
                    foreach (X509ChainElement element in sent.ChainElements)
                        chain.ChainPolicy.ExtraStore.Add(element.Certificate);
                }
                using (var leaf = new X509Certificate2(certificate))
                {
                    if (!chain.Build(leaf))
                        return false;
                    X509Certificate2 root = chain.ChainElements[chain.ChainElements.Count - 1].Certificate;
                    return root.RawData.SequenceEqual(_authority.RawData);
                }
            }
        }
    }
}
