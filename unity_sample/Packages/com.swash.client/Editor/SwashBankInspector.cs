using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>The inspector of a <see cref="SwashBank"/>; in play mode it plays one take after the other.</summary>
    [CustomEditor(typeof(SwashBank))]
    public sealed class SwashBankInspector : SwashInspector
    {
        /// <inheritdoc/>
        protected override bool IsPlaying => ((SwashBank)target).IsReady;

        /// <inheritdoc/>
        protected override void DrawBelow()
        {
            var bank = (SwashBank)target;
            DrawTry(bank.Sound);
            if (bank.Error.Length > 0) EditorGUILayout.HelpBox(bank.Error, MessageType.Error);
            if (!EditorApplication.isPlaying) return;
            using (new EditorGUILayout.HorizontalScope())
            {
                if (GUILayout.Button("Play one")) bank.Play();
                if (GUILayout.Button("Load again")) bank.Reload();
            }
        }
    }
}
