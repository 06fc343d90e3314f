using System;
using System.Collections.Generic;
using Swash.V1;
using UnityEngine;

namespace Swash
{
    /// <summary>What to sound like, as the inspector shows it: words or an effect, its parameters, and the seeds.</summary>
    [Serializable]
    public sealed class SoundSpec
    {
        [SerializeField, TextArea(1, 3), Tooltip("English words: \"slow waves on a pebble beach\". Or name an effect below.")]
        private string _prompt = "";

        [SerializeField, Tooltip("An effect, \"rain\", or one of its presets, \"rain/tin_roof\". Or say a prompt above.")]
        private string _effect = "";

        [SerializeField, Tooltip("Parameters to set; the others stay as the prompt, the preset or the effect has them.")]
        private List<SoundParameter> _parameters = new List<SoundParameter>();

        [SerializeField, Tooltip("Another performance each time it is made; such a sound is not kept on disk.")]
        private bool _randomSeed;

        [SerializeField, Tooltip("Which performance, 0 to 4294967295: the same seed gives the same sound.")]
        private long _seed; // no uint: inspectors and scripts of every version show a long as it is

        [SerializeField, Tooltip("Which object, 0 to 4294967295: these boots, this crate.")]
        private long _objectSeed;

        /// <summary>English words; empty when an effect is named.</summary>
        public string Prompt => _prompt;

        /// <summary>An effect's id, with a preset perhaps; empty when there is a prompt.</summary>
        public string Effect => _effect;

        /// <summary>The parameters that are set. A component that plays takes changes in with its next frame.</summary>
        public List<SoundParameter> Parameters => _parameters;

        /// <summary>Whether each making is another performance.</summary>
        public bool RandomSeed
        {
            get => _randomSeed;
            set => _randomSeed = value;
        }

        /// <summary>Which performance; setting it means that it is not random.</summary>
        public long Seed
        {
            get => _seed;
            set
            {
                _seed = value;
                _randomSeed = false;
            }
        }

        /// <summary>Which object.</summary>
        public long ObjectSeed
        {
            get => _objectSeed;
            set => _objectSeed = value;
        }

        /// <summary>Asks for words, and no longer for an effect or its parameters.</summary>
        public void SetPrompt(string prompt)
        {
            _prompt = prompt ?? "";
            _effect = "";
            _parameters.Clear();
        }

        /// <summary>Asks for an effect or a preset, and no longer for words or parameters of another.</summary>
        public void SetEffect(string effect)
        {
            _effect = effect ?? "";
            _prompt = "";
            _parameters.Clear();
        }

        /// <summary>Returns the parameter of this name, null when it is not set.</summary>
        public SoundParameter Find(string name) => _parameters.Find(parameter => parameter.Name == name);

        /// <summary>Moves a parameter to a number; adds it when it is not there.</summary>
        public void Set(string name, double number)
        {
            SoundParameter found = Find(name);
            if (found == null)
                _parameters.Add(new SoundParameter(name, number));
            else
                found.Set(number);
        }

        /// <summary>Moves a parameter to a choice; adds it when it is not there.</summary>
        public void Set(string name, string choice)
        {
            SoundParameter found = Find(name);
            if (found == null)
                _parameters.Add(new SoundParameter(name, choice));
            else
                found.Set(choice);
        }

        /// <summary>Returns the request for one take of it; without a seed when that is random.</summary>
        /// <exception cref="SwashException">InvalidArgument: what to sound like is not said, or a seed is outside.</exception>
        public RenderRequest ToRenderRequest()
        {
            Check();
            var request = new RenderRequest { ObjectSeed = (uint)_objectSeed };
            if (!_randomSeed)
                request.Seed = (uint)_seed;
            if (_prompt.Length > 0)
                request.Prompt = _prompt;
            else
                request.Effect = _effect;
            CopyParameters(request.Parameters);
            return request;
        }

        /// <summary>Returns the command that starts it as a live voice.</summary>
        /// <param name="seed">Which performance.</param>
        /// <exception cref="SwashException">InvalidArgument: what to sound like is not said, or a seed is outside.</exception>
        public StartVoice ToStartVoice(uint seed)
        {
            Check();
            var start = new StartVoice { Seed = seed, ObjectSeed = (uint)_objectSeed };
            if (_prompt.Length > 0)
                start.Prompt = _prompt;
            else
                start.Effect = _effect;
            CopyParameters(start.Parameters);
            return start;
        }

        /// <summary>Returns the command that a live voice becomes it by.</summary>
        /// <param name="voice">The voice's number.</param>
        /// <param name="seed">Which performance.</param>
        /// <exception cref="SwashException">InvalidArgument: what to sound like is not said, or a seed is outside.</exception>
        public CrossfadeVoice ToCrossfadeVoice(uint voice, uint seed)
        {
            Check();
            var fade = new CrossfadeVoice { Voice = voice, Seed = seed, ObjectSeed = (uint)_objectSeed };
            if (_prompt.Length > 0)
                fade.Prompt = _prompt;
            else
                fade.Effect = _effect;
            CopyParameters(fade.Parameters);
            return fade;
        }

        private void CopyParameters(IDictionary<string, ParameterValue> target)
        {
            foreach (SoundParameter parameter in _parameters)
            {
                if (!string.IsNullOrEmpty(parameter.Name)) // a line just added in the inspector
                    target[parameter.Name] = parameter.ToValue();
            }
        }

        private void Check()
        {
            if (string.IsNullOrWhiteSpace(_prompt) == string.IsNullOrWhiteSpace(_effect))
            {
                throw new SwashException(
                    SwashStatus.InvalidArgument,
                    "sound: say a prompt or name an effect, exactly one of them; got the prompt \""
                    + _prompt + "\" and the effect \"" + _effect + "\"");
            }
            CheckSeed("seed", _seed);
            CheckSeed("object_seed", _objectSeed);
        }

        private static void CheckSeed(string field, long seed)
        {
            if (seed < 0 || seed > uint.MaxValue)
            {
                throw new SwashException(
                    SwashStatus.InvalidArgument, field + ": 0 to " + uint.MaxValue + ", got " + seed);
            }
        }
    }
}
