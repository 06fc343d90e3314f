using System.Collections.Generic;
using Swash.V1;
using UnityEngine;

namespace Swash.Samples
{
    /// <summary>Lets one live voice step, each time on the ground that is below. Call Step from an animation event.</summary>
    /// <remarks>
    /// The <see cref="SwashAmbience"/> beside it must have the effect "footsteps" and be armed. Every step is another
    /// one, made when the foot comes down. A SwashBank has steps that were made before, and needs no server then.
    /// </remarks>
    [RequireComponent(typeof(SwashAmbience))]
    public sealed class Footsteps : MonoBehaviour
    {
        [SerializeField, Range(0.1f, 5f), Tooltip("How far below the ground is looked for, 0.1 to 5 m.")]
        private float _reach = 1.5f;

        private readonly Dictionary<string, ParameterValue> _parameters = new Dictionary<string, ParameterValue>();
        private SwashAmbience _voice;

        /// <summary>A foot comes down; nothing is heard in the air.</summary>
        public void Step()
        {
            if (!Physics.Raycast(transform.position, Vector3.down, out RaycastHit hit, _reach))
                return;
            var surface = hit.collider.GetComponent<Surface>();
            _parameters.Clear();
            if (surface != null)
                _parameters["surface"] = new ParameterValue { Choice = surface.Material };
            _voice.Trigger(_parameters);
        }

        private void Awake() => _voice = GetComponent<SwashAmbience>();
    }
}
