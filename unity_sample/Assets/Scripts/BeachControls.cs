using System;
using System.Collections.Generic;
using UnityEngine;

namespace Swash.Sample
{
    /// <summary>Sliders on the screen that steer the sea and the wind while they sound.</summary>
    [AddComponentMenu("Swash Sample/Beach Controls")]
    public sealed class BeachControls : MonoBehaviour
    {
        private const float Width = 260f;
        private const float RampS = 0.2f; // smooths the steps of a mouse

        /// <summary>A slider: which ambience's parameter it moves, and between what.</summary>
        [Serializable]
        public sealed class Control
        {
            [Tooltip("What it says beside the slider.")]
            public string title = "";

            [Tooltip("Whose parameter.")]
            public SwashAmbience ambience;

            [Tooltip("Which, as the server lists it: speed_m_s.")]
            public string parameter = "";

            [Tooltip("The lowest value, in the parameter's unit.")]
            public float minimum;

            [Tooltip("The highest value, in the parameter's unit.")]
            public float maximum = 1f;

            [Tooltip("Where it stands.")]
            public float value;
        }

        [SerializeField, Tooltip("Whose ground is shown.")]
        private Walker _walker = null;

        [SerializeField, Tooltip("The sliders, from top to bottom.")]
        private List<Control> _controls = new List<Control>();

        /// <summary>The sliders, from top to bottom.</summary>
        public IReadOnlyList<Control> Controls => _controls;

        private void OnGUI()
        {
            GUILayout.BeginArea(new Rect(16f, 16f, Width, Screen.height - 32f));
            foreach (var control in _controls) Draw(control);
            if (_walker != null) GUILayout.Label(_walker.Ground == null ? "In the air" : "On " + _walker.Ground.Title);
            GUILayout.Label("W A S D walk, Shift runs");
            GUILayout.EndArea();
        }

        private static void Draw(Control control)
        {
            GUILayout.Label($"{control.title}: {control.value:0.00}");
            var value = GUILayout.HorizontalSlider(control.value, control.minimum, control.maximum);
            if (Mathf.Approximately(value, control.value)) return;
            control.value = value;
            if (control.ambience != null) control.ambience.Set(control.parameter, value, RampS);
        }
    }
}
