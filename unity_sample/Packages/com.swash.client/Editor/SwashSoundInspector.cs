using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>The inspector of a <see cref="SwashSound"/>; in play mode it plays and stops it.</summary>
    [CustomEditor(typeof(SwashSound))]
    public sealed class SwashSoundInspector : SwashInspector
    {
        /// <inheritdoc/>
        protected override bool IsPlaying => ((SwashSound)target).IsPlaying;

        /// <inheritdoc/>
        protected override void DrawBelow()
        {
            var sound = (SwashSound)target;
            DrawTry(sound.Sound);
            if (sound.Error.Length > 0) EditorGUILayout.HelpBox(sound.Error, MessageType.Error);
            if (!EditorApplication.isPlaying) return;
            using (new EditorGUILayout.HorizontalScope())
            {
                if (GUILayout.Button("Play")) sound.Play();
                if (GUILayout.Button("Stop")) sound.Stop();
            }
        }
    }
}
