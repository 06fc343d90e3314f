using System;
using System.Collections.Generic;

namespace UnityEngine
{
    /// <summary>Places without scale: the double needs none.</summary>
    public sealed class Transform : Component
    {
        private Transform _parent;
        private Vector3 _localPosition;

        public Transform parent
        {
            get => _parent;
            set => SetParent(value);
        }

        public Vector3 localPosition
        {
            get => _localPosition;
            set => _localPosition = value;
        }

        public Vector3 position
        {
            get
            {
                CheckAlive();
                return _parent == null ? _localPosition : _parent.position + _localPosition;
            }
            set
            {
                UnityDouble.MainThread.Check("set_position");
                _localPosition = _parent == null ? value : value - _parent.position;
            }
        }

        public Vector3 forward { get; private set; } = Vector3.forward;

        public int childCount => Children.Count;

        internal List<Transform> Children { get; } = new List<Transform>();

        public Transform GetChild(int index) => Children[index];

        public void SetParent(Transform parent) => SetParent(parent, true);

        public void SetParent(Transform parent, bool worldPositionStays)
        {
            Vector3 before = worldPositionStays ? position : Vector3.zero;
            _parent?.Children.Remove(this);
            _parent = parent;
            _parent?.Children.Add(this);
            if (worldPositionStays)
                position = before;
        }

        /// <summary>About the vertical only.</summary>
        public void Rotate(float xAngle, float yAngle, float zAngle)
        {
            double turn = yAngle * Math.PI / 180.0;
            Vector3 was = forward;
            forward = new Vector3(
                (float)(was.x * Math.Cos(turn) + was.z * Math.Sin(turn)),
                was.y,
                (float)(was.z * Math.Cos(turn) - was.x * Math.Sin(turn)));
        }
    }
}
