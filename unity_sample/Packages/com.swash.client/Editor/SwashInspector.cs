using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>An inspector that draws a <see cref="SoundSpec"/> by its controls, and every other field as usual.</summary>
    public abstract class SwashInspector : UnityEditor.Editor
    {
        private EffectCatalogue _catalogue;
        private SoundSpecControls _controls;

        /// <summary>Whether what is inspected sounds.</summary>
        protected abstract bool IsPlaying { get; }

        /// <inheritdoc/>
        public override void OnInspectorGUI()
        {
            serializedObject.Update();
            SerializedProperty field = serializedObject.GetIterator();
            for (bool enter = true; field.NextVisible(enter); enter = false)
            {
                if (field.name == "m_Script") continue;
                if (field.type == nameof(SoundSpec)) _controls.Draw(field.Copy(), IsPlaying);
                else EditorGUILayout.PropertyField(field, true);
            }
            serializedObject.ApplyModifiedProperties(); // what plays hears of it with its next frame
            DrawBelow();
        }

        /// <summary>Draws what belongs below the fields.</summary>
        protected virtual void DrawBelow()
        {
        }

        /// <summary>Draws a button that opens the swash window with a sound, to try other seeds of it.</summary>
        protected static void DrawTry(SoundSpec sound)
        {
            if (!GUILayout.Button("Try in the swash window")) return;
            bool isEffect = sound.Effect.Length > 0;
            SwashWindow.Open(isEffect ? sound.Effect : sound.Prompt, isEffect, sound.Seed);
        }

        private void OnEnable()
        {
            _catalogue = SwashServices.Catalogue;
            _catalogue.Changed += Repaint;
            _controls = new SoundSpecControls(_catalogue);
        }

        private void OnDisable() => _catalogue.Changed -= Repaint;
    }
}
