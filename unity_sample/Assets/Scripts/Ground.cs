using UnityEngine;

namespace Swash.Sample
{
    /// <summary>A ground to walk on: what it is called, and how steps on it sound.</summary>
    [AddComponentMenu("Swash Sample/Ground")]
    public sealed class Ground : MonoBehaviour
    {
        [SerializeField, Tooltip("What the ground is called on the screen.")]
        private string _title = "Sand";

        [SerializeField, Tooltip("The steps that are heard on it.")]
        private SwashBank _steps = null;

        /// <summary>What it is called.</summary>
        public string Title => _title;

        /// <summary>The steps that are heard on it; null when it is silent.</summary>
        public SwashBank Steps => _steps;
    }
}
