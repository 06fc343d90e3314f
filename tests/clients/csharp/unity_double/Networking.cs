using System;
using System.Collections.Generic;
using UnityDouble;

namespace UnityEngine.Networking
{
    public abstract class UploadHandler : IDisposable
    {
        internal abstract byte[] Body { get; }

        public void Dispose()
        {
        }
    }

    public sealed class UploadHandlerRaw : UploadHandler
    {
        public UploadHandlerRaw(byte[] data) => Body = data;

        internal override byte[] Body { get; }
    }

    public abstract class DownloadHandler : IDisposable
    {
        public virtual void Dispose()
        {
        }

        internal abstract bool Receive(byte[] data, int count);

        internal abstract void Complete();
    }

    public class DownloadHandlerScript : DownloadHandler
    {
        internal sealed override bool Receive(byte[] data, int count) => ReceiveData(data, count);

        internal sealed override void Complete() => CompleteContent();

        protected virtual bool ReceiveData(byte[] data, int dataLength) => false;

        protected virtual void CompleteContent()
        {
        }
    }

    public abstract class CertificateHandler : IDisposable
    {
        public void Dispose()
        {
        }

        protected virtual bool ValidateCertificate(byte[] certificateData) => false;
    }

    public class AsyncOperation
    {
        public event Action<AsyncOperation> completed;

        public bool isDone { get; private set; }

        internal void Complete()
        {
            isDone = true;
            completed?.Invoke(this);
        }
    }

    public sealed class UnityWebRequestAsyncOperation : AsyncOperation
    {
        internal UnityWebRequestAsyncOperation(UnityWebRequest webRequest) => this.webRequest = webRequest;

        public UnityWebRequest webRequest { get; }
    }

    /// <summary>A request over the network. What comes is delivered on the main thread, once a frame.</summary>
    public sealed class UnityWebRequest : IDisposable
    {
        public const string kHttpVerbPOST = "POST";

        private static readonly List<UnityWebRequest> UnderWay = new List<UnityWebRequest>();

        private readonly Dictionary<string, string> _headers = new Dictionary<string, string>();
        private readonly string _url;
        private readonly string _method;
        private UnityWebRequestAsyncOperation _operation;
        private WebExchange _exchange;

        public UnityWebRequest(string url, string method)
        {
            MainThread.Check("UnityWebRequest");
            _url = url;
            _method = method;
        }

        public enum Result
        {
            InProgress,
            Success,
            ConnectionError,
            ProtocolError,
            DataProcessingError,
        }

        public UploadHandler uploadHandler { get; set; }

        public DownloadHandler downloadHandler { get; set; }

        public CertificateHandler certificateHandler { get; set; }

        public int timeout { get; set; }

        public Result result { get; private set; }

        public string error { get; private set; }

        public long responseCode => _exchange?.Status ?? 0;

        /// <summary>Tests only: whether plain http is allowed in the player settings.</summary>
        public static bool AllowsPlainHttp { get; set; } = true;

        /// <summary>Tests only: requests that are under way.</summary>
        public static int Count => UnderWay.Count;

        public void SetRequestHeader(string name, string value) => _headers[name] = value;

        public string GetResponseHeader(string name)
        {
            MainThread.Check("GetResponseHeader");
            string value = null;
            _exchange?.Headers?.TryGetValue(name, out value);
            return value;
        }

        public UnityWebRequestAsyncOperation SendWebRequest()
        {
            MainThread.Check("SendWebRequest");
            if (_operation != null)
                throw new InvalidOperationException("UnityWebRequest has already been sent");
            if (!AllowsPlainHttp && _url.StartsWith("http:", StringComparison.Ordinal))
                throw new InvalidOperationException("Insecure connection not allowed");
            _operation = new UnityWebRequestAsyncOperation(this);
            _exchange = new WebExchange(_method, new Uri(_url), _headers, uploadHandler?.Body ?? Array.Empty<byte>(), timeout);
            UnderWay.Add(this);
            return _operation;
        }

        public void Abort()
        {
            MainThread.Check("Abort");
            _exchange?.Abort();
        }

        public void Dispose()
        {
            MainThread.Check("Dispose");
            _exchange?.Abort();
            UnderWay.Remove(this);
            downloadHandler?.Dispose();
        }

        internal static void DeliverAll()
        {
            foreach (UnityWebRequest request in UnderWay.ToArray())
                request.Deliver();
        }

        private void Deliver()
        {
            bool over = _exchange.IsOver; // before what came is looked at: then nothing is missed
            while (_exchange.TryTake(out byte[] data))
            {
                if (downloadHandler != null && !downloadHandler.Receive(data, data.Length))
                {
                    _exchange.Abort();
                    End(Result.DataProcessingError, "Failed to receive data");
                    return;
                }
            }
            if (!over || !UnderWay.Contains(this))
                return;
            downloadHandler?.Complete();
            if (_exchange.Error != null)
                End(Result.ConnectionError, _exchange.Error);
            else if (responseCode >= 400)
                End(Result.ProtocolError, "HTTP/1.1 " + responseCode);
            else
                End(Result.Success, null);
        }

        private void End(Result how, string why)
        {
            UnderWay.Remove(this);
            result = how;
            error = why;
            _operation.Complete();
        }
    }
}
