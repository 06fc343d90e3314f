using System;
using System.Collections.Generic;
using Swash.V1;
using UnityEditor;
using UnityEngine;

namespace Swash.Editor
{
    /// <summary>
    /// The part of an inspector that says what to sound like: words or a preset from the server's list, and a control
    /// for each parameter of what that is.
    /// </summary>
    public sealed class SoundSpecControls
    {
        private const float NumberWidth = 60f;
        private const float ResetWidth = 22f;
        private const string Words = "(words)";
        private const string Plain = "/(plain)"; // a slash begins a submenu; an effect itself stands within its own

        private readonly EffectCatalogue _catalogue;
        private IReadOnlyList<Effect> _listed;
        private string[] _entries;
        private string _prompt = "";
        private string _effect = "";
        private Action _then;

        /// <summary>Makes the controls; they look effects up in a catalogue.</summary>
        public SoundSpecControls(EffectCatalogue catalogue) => _catalogue = catalogue;

        /// <summary>Draws them for a serialized <see cref="SoundSpec"/>.</summary>
        /// <param name="spec">The field.</param>
        /// <param name="isPlaying">It sounds now: what is not live says that it waits for the next start.</param>
        public void Draw(SerializedProperty spec, bool isPlaying)
        {
            _ = _catalogue.AskAsync();
            SerializedProperty prompt = spec.FindPropertyRelative("_prompt");
            SerializedProperty effect = spec.FindPropertyRelative("_effect");
            SerializedProperty parameters = spec.FindPropertyRelative("_parameters");
            if (Event.current.type == EventType.Layout && !EditorGUIUtility.editingTextField)
            {
                // What is drawn stays the same within an event, and no half-typed word is asked about.
                _prompt = prompt.stringValue;
                _effect = effect.stringValue;
            }
            DrawSound(prompt, effect, parameters);
            DrawSeeds(spec);
            DrawParameters(parameters, isPlaying);
            DrawProblem();
            Action then = _then;
            _then = null;
            then?.Invoke();
        }

        private void DrawSound(SerializedProperty prompt, SerializedProperty effect, SerializedProperty parameters)
        {
            if (_catalogue.Effects.Count == 0)
            {
                EditorGUILayout.PropertyField(effect); // there is no list, but it can be typed
            }
            else
            {
                string[] entries = Entries();
                int now = _effect.Length == 0 ? 0 : Array.IndexOf(entries, EntryOf(_effect));
                int chosen = EditorGUILayout.Popup(
                    new GUIContent("Sound", "An effect, one of its presets, or words"), now, entries);
                if (chosen != now && chosen >= 0)
                {
                    string name = chosen == 0 ? "" : entries[chosen].Replace(Plain, "");
                    _then = () => Choose(name, prompt, effect, parameters);
                }
            }
            if (_effect.Length == 0) EditorGUILayout.PropertyField(prompt);
        }

        private static void Choose(
            string name, SerializedProperty prompt, SerializedProperty effect, SerializedProperty parameters)
        {
            effect.stringValue = name;
            if (name.Length > 0) prompt.stringValue = ""; // exactly one of them is said
            parameters.ClearArray(); // they were another sound's
        }

        private string[] Entries()
        {
            if (_listed == _catalogue.Effects) return _entries;
            var entries = new List<string> { Words };
            foreach (Effect effect in _catalogue.Effects)
            {
                entries.Add(EntryOf(effect.Id));
                foreach (Preset preset in effect.Presets) entries.Add(effect.Id + "/" + preset.Name);
            }
            _listed = _catalogue.Effects;
            return _entries = entries.ToArray();
        }

        private static string EntryOf(string name) => name.Contains("/") ? name : name + Plain;

        private static void DrawSeeds(SerializedProperty spec)
        {
            SerializedProperty random = spec.FindPropertyRelative("_randomSeed");
            EditorGUILayout.PropertyField(random);
            using (new EditorGUI.DisabledScope(random.boolValue))
            {
                EditorGUILayout.PropertyField(spec.FindPropertyRelative("_seed"));
            }
            EditorGUILayout.PropertyField(spec.FindPropertyRelative("_objectSeed"));
        }

        private void DrawParameters(SerializedProperty list, bool isPlaying)
        {
            Effect effect = Look(out IDictionary<string, ParameterValue> given);
            if (effect == null)
            {
                EditorGUILayout.PropertyField(list); // as they are stored
                return;
            }
            EditorGUILayout.LabelField(effect.Title + ": " + effect.Description);
            foreach (Parameter parameter in effect.Parameters)
            {
                ParameterValue standing = null;
                given?.TryGetValue(parameter.Name, out standing);
                using (new EditorGUILayout.HorizontalScope())
                {
                    DrawParameter(parameter, standing, list, isPlaying);
                }
            }
        }

        /// <summary>Returns what sounds and what it gives its parameters; null when that is not known.</summary>
        private Effect Look(out IDictionary<string, ParameterValue> given)
        {
            if (_effect.Length > 0)
            {
                Effect effect = _catalogue.Find(_effect, out Preset preset);
                given = preset?.Parameters;
                return effect;
            }
            Layer layer = _catalogue.Understand(_prompt);
            given = layer?.Parameters;
            return layer == null ? null : _catalogue.Find(layer.Effect, out _);
        }

        private void DrawParameter(Parameter parameter, ParameterValue standing, SerializedProperty list, bool isPlaying)
        {
            int at = IndexOf(list, parameter.Name);
            string unit = parameter.Unit.Length > 0 ? ", " + parameter.Unit : "";
            string waits = isPlaying && !parameter.Live ? " Heard when the sound starts again." : "";
            var label = new GUIContent(parameter.Name + unit, parameter.Description + waits);
            if (parameter.Choices.Count > 0) DrawChoice(parameter, standing, list, at, label);
            else DrawNumber(parameter, standing, list, at, label);
            using (new EditorGUI.DisabledScope(at < 0))
            {
                var reset = new GUIContent("x", "Leave it as the sound has it");
                if (GUILayout.Button(reset, GUILayout.Width(ResetWidth))) _then = () => list.DeleteArrayElementAtIndex(at);
            }
        }

        private static void DrawChoice(
            Parameter parameter, ParameterValue standing, SerializedProperty list, int at, GUIContent label)
        {
            string choice = standing != null ? standing.Choice : parameter.DefaultChoice;
            if (at >= 0) choice = list.GetArrayElementAtIndex(at).FindPropertyRelative("_choice").stringValue;
            int now = parameter.Choices.IndexOf(choice);
            int chosen = EditorGUILayout.Popup(label, now, parameter.Choices.ToArray());
            if (chosen != now && chosen >= 0) Put(list, at, parameter.Name, 0.0, parameter.Choices[chosen]);
        }

        private static void DrawNumber(
            Parameter parameter, ParameterValue standing, SerializedProperty list, int at, GUIContent label)
        {
            double value = standing != null ? standing.Number : parameter.DefaultNumber;
            if (at >= 0) value = list.GetArrayElementAtIndex(at).FindPropertyRelative("_number").doubleValue;
            EditorGUILayout.PrefixLabel(label);
            float place = ParameterScale.ToPosition(parameter, value);
            float moved = GUILayout.HorizontalSlider(place, 0f, 1f);
            double typed = EditorGUILayout.DoubleField(value, GUILayout.Width(NumberWidth));
            if (moved != place) Put(list, at, parameter.Name, ParameterScale.ToValue(parameter, moved), "");
            else if (typed != value) Put(list, at, parameter.Name, ParameterScale.Clamp(parameter, typed), "");
        }

        private static int IndexOf(SerializedProperty list, string name)
        {
            for (int i = 0; i < list.arraySize; i++)
            {
                if (list.GetArrayElementAtIndex(i).FindPropertyRelative("_name").stringValue == name) return i;
            }
            return -1;
        }

        private static void Put(SerializedProperty list, int at, string name, double number, string choice)
        {
            if (at < 0)
            {
                at = list.arraySize;
                list.InsertArrayElementAtIndex(at);
            }
            SerializedProperty element = list.GetArrayElementAtIndex(at);
            element.FindPropertyRelative("_name").stringValue = name;
            element.FindPropertyRelative("_number").doubleValue = number;
            element.FindPropertyRelative("_choice").stringValue = choice;
        }

        private void DrawProblem()
        {
            if (_catalogue.Problem.Length == 0) return;
            EditorGUILayout.HelpBox(_catalogue.Problem + " (" + _catalogue.Server + ")", MessageType.Warning);
            if (GUILayout.Button("Ask again")) _then = _catalogue.AskAgain;
        }
    }
}
