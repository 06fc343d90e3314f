using UnityEngine;

namespace Swash.Samples
{
    /// <summary>Says what a ground is made of.</summary>
    public sealed class Surface : MonoBehaviour
    {
        [SerializeField, Tooltip("A choice of the parameter surface: concrete tile wood metal gravel sand dirt grass leaves snow ice mud water_shallow carpet.")]
        private string _material = "gravel";

        /// <summary>The choice that a step on it takes.</summary>
        public string Material => _material;
    }
}
