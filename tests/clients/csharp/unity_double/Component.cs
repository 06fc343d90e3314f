using System.Collections;
using System.Collections.Generic;
using System.Linq;
using UnityDouble;

namespace UnityEngine
{
    public class Component : Object
    {
        public GameObject gameObject { get; internal set; }

        public Transform transform
        {
            get
            {
                CheckAlive();
                return gameObject.transform;
            }
        }

        public new string name
        {
            get => gameObject.name;
            set => gameObject.name = value;
        }

        public T GetComponent<T>()
        {
            MainThread.Check("GetComponent");
            CheckAlive();
            return gameObject.GetComponent<T>();
        }

        public bool TryGetComponent<T>(out T component) => gameObject.TryGetComponent(out component);
    }

    public class Behaviour : Component
    {
        private bool _enabled = true;
        private bool _awake;
        private bool _running;

        public bool enabled
        {
            get => _enabled;
            set
            {
                MainThread.Check("set_enabled");
                _enabled = value;
                Follow();
            }
        }

        public bool isActiveAndEnabled => this != null && _enabled && gameObject.activeInHierarchy;

        /// <summary>Tests only: begin or end as the object and the check box say.</summary>
        internal void Follow()
        {
            if (!gameObject.activeInHierarchy && !_running)
                return;
            if (!_awake)
            {
                _awake = true;
                Messages.Send(this, "Awake");
            }
            if (isActiveAndEnabled == _running || this == null)
                return;
            _running = isActiveAndEnabled;
            Messages.Send(this, _running ? "OnEnable" : "OnDisable");
            if (!_running)
                Ended();
        }

        /// <summary>Tests only: it is destroyed.</summary>
        internal void Leave()
        {
            if (_running)
            {
                _running = false;
                Messages.Send(this, "OnDisable");
                Ended();
            }
            if (_awake)
                Messages.Send(this, "OnDestroy");
        }

        private protected virtual void Ended()
        {
        }
    }

    public class MonoBehaviour : Behaviour
    {
        private readonly List<Coroutine> _coroutines = new List<Coroutine>();
        private bool _started;

        public Coroutine StartCoroutine(IEnumerator routine)
        {
            var coroutine = new Coroutine(routine);
            if (coroutine.Step())
                _coroutines.Add(coroutine);
            return coroutine;
        }

        public void StopAllCoroutines() => _coroutines.Clear();

        /// <summary>Tests only: one frame.</summary>
        internal void Turn()
        {
            if (!_started)
            {
                _started = true;
                Messages.Send(this, "Start");
            }
            if (isActiveAndEnabled)
                Messages.Send(this, "Update");
            foreach (Coroutine coroutine in _coroutines.ToList())
            {
                if (!coroutine.Step())
                    _coroutines.Remove(coroutine);
            }
        }
    }

    public sealed class Coroutine
    {
        private readonly IEnumerator _routine;

        internal Coroutine(IEnumerator routine) => _routine = routine;

        /// <summary>Go on to the next yield, which always waits for a frame here; return whether there was one.</summary>
        internal bool Step() => _routine.MoveNext();
    }
}
