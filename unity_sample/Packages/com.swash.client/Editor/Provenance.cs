using System;
using System.Collections.Generic;
using Swash.V1;

namespace Swash.Editor
{
    /// <summary>Where a baked file comes from: what it takes to make its sound again, as JSON.</summary>
    /// <remarks>The names are those of the index that <c>swash bake</c> writes.</remarks>
    public static class Provenance
    {
        /// <summary>Returns the text of the file that lies beside a baked one.</summary>
        /// <param name="request">What was asked for.</param>
        /// <param name="take">What came, in the encoding of the file.</param>
        /// <param name="file">The baked file's name.</param>
        /// <param name="swash">The server's version.</param>
        public static string Of(RenderRequest request, Take take, string file, string swash)
        {
            var header = take.Header;
            var isPrompt = request.SoundCase == RenderRequest.SoundOneofCase.Prompt;
            var json = new JsonText().BeginObject()
                .Add("file", file)
                .Add(isPrompt ? "prompt" : "effect", isPrompt ? request.Prompt : request.Effect)
                .Add("duration_s", request.DurationS);
            if (header.Layers.Count > 0) Layers(json, header.Layers);
            json.Add("seed", header.Seed)
                .Add("object_seed", header.ObjectSeed)
                .Add("engine", header.Engine)
                .Add("engine_version", header.EngineVersion)
                .Add("swash", swash)
                .Add("licence", header.Licence)
                .Add("ucs_cat_id", header.Layers.Count > 0 ? header.Layers[0].UcsCatId : null)
                .Add("key", header.Key)
                .Add("sample_rate", header.SampleRate)
                .Add("channels", header.Channels)
                .Add("frames", take.Trailer.Frames);
            if (header.Loop != null)
            {
                json.BeginObject("loop")
                    .Add("start_frame", header.Loop.StartFrame)
                    .Add("end_frame", header.Loop.EndFrame)
                    .EndObject();
            }
            return json
                .Add("loudness_lufs", Math.Round(take.Trailer.LoudnessLufs, 2))
                .Add("true_peak_dbtp", Math.Round(take.Trailer.TruePeakDbtp, 2))
                .Add("pcm_sha256", BitConverter.ToString(take.Trailer.Sha256).Replace("-", "").ToLowerInvariant())
                .EndObject()
                .ToString();
        }

        private static void Layers(JsonText json, IEnumerable<Layer> layers)
        {
            json.BeginArray("layers");
            foreach (var layer in layers)
            {
                json.BeginObject().Add("effect", layer.Effect).Add("preset", layer.Preset).BeginObject("parameters");
                var names = new List<string>(layer.Parameters.Keys);
                names.Sort(StringComparer.Ordinal);
                foreach (var name in names)
                {
                    var value = layer.Parameters[name];
                    if (value.KindCase == ParameterValue.KindOneofCase.Choice) json.Add(name, value.Choice);
                    else json.Add(name, value.Number);
                }
                json.EndObject().Add("level_db", layer.LevelDb).Add("ucs_cat_id", layer.UcsCatId).EndObject();
            }
            json.EndArray();
        }
    }
}
