using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>The inspector of a <see cref="SwashAmbience"/>; while it plays, its sliders are heard at once.</summary>
    [CustomEditor(typeof(SwashAmbience))]
    public sealed class SwashAmbienceInspector : SwashInspector
    {
        /// <inheritdoc/>
        protected override bool IsPlaying => ((SwashAmbience)target).IsPlaying;

        /// <inheritdoc/>
        protected override void DrawBelow()
        {
            var ambience = (SwashAmbience)target;
            DrawTry(ambience.Sound);
            if (ambience.Error.Length > 0) EditorGUILayout.HelpBox(ambience.Error, MessageType.Error);
            if (!EditorApplication.isPlaying) return;
            EditorGUILayout.LabelField("State", ambience.State.ToString());
            EditorGUILayout.LabelField("Underruns", ambience.Underruns.ToString());
            using (new EditorGUILayout.HorizontalScope())
            {
                if (GUILayout.Button("Play")) ambience.Play();
                if (GUILayout.Button("Stop")) ambience.Stop();
                if (GUILayout.Button("Trigger")) ambience.Trigger();
            }
        }
    }
}
