using UnityEngine;

namespace Swash.Sample
{
    /// <summary>Walks by W, A, S, D or the arrows, faster with Shift, and steps on the ground that is below.</summary>
    [AddComponentMenu("Swash Sample/Walker")]
    [RequireComponent(typeof(CharacterController))]
    public sealed class Walker : MonoBehaviour
    {
        private const float Reach = 2f; // how far below its middle a ground is looked for, m

        [SerializeField, Range(0.5f, 3f), Tooltip("Metres a second, 0.5 to 3.")]
        private float _walkSpeed = 1.6f;

        [SerializeField, Range(2f, 8f), Tooltip("Metres a second with Shift, 2 to 8.")]
        private float _runSpeed = 4f;

        [SerializeField, Range(30f, 360f), Tooltip("Degrees a second, 30 to 360.")]
        private float _turnSpeed = 120f;

        [SerializeField, Range(0.4f, 1.5f), Tooltip("Metres from one step to the next, 0.4 to 1.5.")]
        private float _stride = 0.75f;

        private CharacterController _body;
        private float _walked;

        /// <summary>What is below the feet; null in the air.</summary>
        public Ground Ground { get; private set; }

        /// <summary>How many steps have been made.</summary>
        public int Steps { get; private set; }

        private void Awake() => _body = GetComponent<CharacterController>();

        private void Update()
        {
            var turn = Held(KeyCode.D, KeyCode.RightArrow) - Held(KeyCode.A, KeyCode.LeftArrow);
            var ahead = Held(KeyCode.W, KeyCode.UpArrow) - Held(KeyCode.S, KeyCode.DownArrow);
            var speed = Input.GetKey(KeyCode.LeftShift) ? _runSpeed : _walkSpeed;
            transform.Rotate(0f, turn * _turnSpeed * Time.deltaTime, 0f);
            var before = transform.position;
            _body.SimpleMove(transform.forward * (ahead * speed)); // it falls by itself
            Ground = Below();
            Stride(transform.position - before);
        }

        private static float Held(KeyCode key, KeyCode other) => Input.GetKey(key) || Input.GetKey(other) ? 1f : 0f;

        private Ground Below() =>
            Physics.Raycast(transform.position, Vector3.down, out var hit, Reach) ? hit.collider.GetComponent<Ground>() : null;

        private void Stride(Vector3 moved)
        {
            moved.y = 0f;
            _walked += moved.magnitude;
            if (_walked < _stride) return;
            _walked -= _stride;
            Steps++;
            if (Ground != null && Ground.Steps != null)
            {
                Ground.Steps.PlayAt(transform.position + Vector3.down * (_body.height / 2f));
            }
        }
    }
}
