using System;
using System.Collections.Generic;
using Swash.V1;

namespace Swash
{
    // The commands by their names. Each returns at once; its answer comes as an event with the id that is returned.
    public sealed partial class LiveSession
    {
        /// <summary>
        /// Begins a voice; when its number is 0, the session gives it the next of its own, 1, 2, and so on: number the
        /// voices yourself, or leave it to the session, but not both.
        /// </summary>
        /// <param name="start">The voice and what it sounds like.</param>
        /// <param name="atFrame">Frame of the session at which it begins; null: at once.</param>
        /// <returns>The number of the voice, for the other commands.</returns>
        public uint Start(StartVoice start, ulong? atFrame = null)
        {
            StartVoice copy = V1.StartVoice.Parse(start.ToByteArray());
            if (copy.Voice == 0)
            {
                lock (_lock)
                    copy.Voice = ++_lastVoice;
            }
            Send(new PerformRequest { Start = copy, AtFrame = atFrame });
            return copy.Voice;
        }

        /// <summary>Begins a voice of a prompt or of an effect ("rain", "rain/tin_roof"): give exactly one.</summary>
        /// <param name="prompt">English words.</param>
        /// <param name="effect">An effect or a preset of one.</param>
        /// <param name="parameters">By their names; null: none.</param>
        /// <param name="seed">Which performance; null: chosen anew.</param>
        /// <param name="objectSeed">Which object; null: 0.</param>
        /// <param name="armed">Silent until it is triggered.</param>
        /// <param name="fadeIn">0 to 60 s; null: 5 ms, and none for what ends by itself.</param>
        /// <param name="atFrame">Frame of the session at which it begins; null: at once.</param>
        /// <returns>The number of the voice, for the other commands.</returns>
        public uint StartVoice(
            string prompt = null,
            string effect = null,
            IDictionary<string, ParameterValue> parameters = null,
            uint? seed = null,
            uint? objectSeed = null,
            bool armed = false,
            TimeSpan? fadeIn = null,
            ulong? atFrame = null)
        {
            if ((prompt == null) == (effect == null))
                throw new ArgumentException("give exactly one of prompt and effect", nameof(prompt));
            var start = new StartVoice
            {
                Seed = seed,
                ObjectSeed = objectSeed,
                Armed = armed,
                FadeInMs = Milliseconds(fadeIn, nameof(fadeIn)),
            };
            if (prompt != null)
                start.Prompt = prompt;
            else
                start.Effect = effect;
            CopyTo(parameters, start.Parameters);
            return Start(start, atFrame);
        }

        /// <summary>
        /// Moves a control: of what sounds a live number, of an armed voice any parameter, from its next trigger on.
        /// </summary>
        /// <param name="voice">The voice's number.</param>
        /// <param name="name">The parameter.</param>
        /// <param name="value">Within its range, in its unit.</param>
        /// <param name="ramp">How long it takes to get there, 0 to 600 s; null: 30 ms.</param>
        /// <param name="layer">Which layer of the voice's prompt, 0 the first.</param>
        /// <param name="atFrame">Frame of the session at which it begins; null: at once.</param>
        public uint SetParameter(
            uint voice, string name, double value, TimeSpan? ramp = null, uint layer = 0, ulong? atFrame = null) =>
            SetParameter(voice, name, new ParameterValue { Number = value }, ramp, layer, atFrame);

        /// <summary>Sets a choice of an armed voice, from its next trigger on.</summary>
        public uint SetParameter(uint voice, string name, string choice, uint layer = 0, ulong? atFrame = null) =>
            SetParameter(voice, name, new ParameterValue { Choice = choice }, null, layer, atFrame);

        /// <summary>Sounds an armed voice once more.</summary>
        /// <param name="voice">The voice's number.</param>
        /// <param name="parameters">For this once; null: as it is set.</param>
        /// <param name="seed">Null: follows from the voice's seed and how often it has been triggered.</param>
        /// <param name="atFrame">Frame of the session at which it sounds; null: at once.</param>
        public uint Trigger(
            uint voice,
            IDictionary<string, ParameterValue> parameters = null,
            uint? seed = null,
            ulong? atFrame = null)
        {
            var trigger = new TriggerVoice { Voice = voice, Seed = seed };
            CopyTo(parameters, trigger.Parameters);
            return Send(new PerformRequest { Trigger = trigger, AtFrame = atFrame });
        }

        /// <summary>Changes what a voice sounds like: the old fades out while the new fades in.</summary>
        public uint Crossfade(CrossfadeVoice fade, ulong? atFrame = null) =>
            Send(new PerformRequest { Crossfade = fade, AtFrame = atFrame });

        /// <summary>Ends a voice, or every one.</summary>
        /// <param name="voice">The voice's number; null: every voice.</param>
        /// <param name="release">0 to 60 s; null: 0.1 s.</param>
        /// <param name="atFrame">Frame of the session at which it begins to end; null: at once.</param>
        public uint Stop(uint? voice = null, TimeSpan? release = null, ulong? atFrame = null)
        {
            var stop = new StopVoice { Voice = voice, ReleaseMs = Milliseconds(release, nameof(release)) };
            return Send(new PerformRequest { Stop = stop, AtFrame = atFrame });
        }

        private static void CopyTo(IDictionary<string, ParameterValue> from, IDictionary<string, ParameterValue> to)
        {
            if (from == null)
                return;
            foreach (KeyValuePair<string, ParameterValue> parameter in from)
                to[parameter.Key] = parameter.Value;
        }

        private static uint? Milliseconds(TimeSpan? time, string name)
        {
            if (time == null)
                return null;
            double milliseconds = Math.Round(time.Value.TotalMilliseconds);
            if (milliseconds < 0 || milliseconds > uint.MaxValue)
                throw new ArgumentOutOfRangeException(name, time, "0 or more, and less than 49 days");
            return (uint)milliseconds;
        }

        private uint SetParameter(
            uint voice, string name, ParameterValue value, TimeSpan? ramp, uint layer, ulong? atFrame)
        {
            var set = new SetParameter
            {
                Voice = voice,
                Name = name,
                Value = value,
                Layer = layer,
                RampMs = Milliseconds(ramp, nameof(ramp)),
            };
            return Send(new PerformRequest { SetParameter = set, AtFrame = atFrame });
        }
    }
}
