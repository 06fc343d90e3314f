using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Swash.V1;

namespace Swash.Editor
{
    /// <summary>What kind of file a sound is baked into.</summary>
    public enum BakeFormat
    {
        /// <summary>RIFF WAVE, 16 bit; a loop carries its loop points.</summary>
        Wav,

        /// <summary>Ogg Vorbis.</summary>
        Ogg,
    }

    /// <summary>Writes a sound into a file that ships with the game, and beside it where the sound comes from.</summary>
    public static class Bake
    {
        /// <summary>Returns what a file of this format is called: ".wav" or ".ogg".</summary>
        public static string Suffix(BakeFormat format) => format == BakeFormat.Wav ? ".wav" : ".ogg";

        /// <summary>Returns where the provenance of a baked file lies.</summary>
        public static string ProvenanceOf(string path) => Path.ChangeExtension(path, ".swash.json");

        /// <summary>Returns a name for the file of a sound: its words in at most 40 letters, and its seed.</summary>
        public static string FileName(string sound, uint seed, BakeFormat format)
        {
            var name = new System.Text.StringBuilder();
            foreach (var letter in sound.Trim().ToLowerInvariant())
            {
                if (char.IsLetterOrDigit(letter)) name.Append(letter);
                else if (name.Length > 0 && name[name.Length - 1] != '_') name.Append('_');
                if (name.Length == 40) break;
            }
            var words = name.ToString().Trim('_');
            return (words.Length > 0 ? words + "_" : "") + seed + Suffix(format);
        }

        /// <summary>Asks for a sound once more, as a file, and write it and its provenance.</summary>
        /// <param name="client">Whom to ask.</param>
        /// <param name="request">The request that was heard, with its seed.</param>
        /// <param name="heard">The header of what was heard: the file must be the same sound.</param>
        /// <param name="path">Where to; a file that is there is replaced, by a whole one or not at all.</param>
        /// <param name="format">What kind of file.</param>
        /// <param name="cancel">Leaves everything as it was.</param>
        /// <exception cref="SwashException">The server did not make it.</exception>
        /// <exception cref="InvalidOperationException">The server makes another sound from this by now.</exception>
        /// <exception cref="IOException">It cannot be written.</exception>
        public static async Task<Take> WriteAsync(
            SwashClient client, RenderRequest request, Header heard, string path, BakeFormat format, CancellationToken cancel)
        {
            var asked = RenderRequest.Parse(request.ToByteArray());
            asked.Seed = heard.Seed;
            asked.Encoding = format == BakeFormat.Wav ? Encoding.Wav : Encoding.OggVorbis;
            var file = await client.RenderAsync(asked, cancel);
            if (file.Header.Key != heard.Key)
            {
                throw new InvalidOperationException(
                    "the server makes another sound from this by now: hear it again before you bake it");
            }
            var info = await client.GetServerInfoAsync(cancel);
            cancel.ThrowIfCancellationRequested();
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)));
            Put(path, file.Data);
            var provenance = Provenance.Of(asked, file, Path.GetFileName(path), info.Version);
            Put(ProvenanceOf(path), new System.Text.UTF8Encoding(false).GetBytes(provenance));
            return file;
        }

        private static void Put(string path, byte[] data)
        {
            var beside = path + ".tmp"; // Unity imports no such file
            try
            {
                File.WriteAllBytes(beside, data);
                if (File.Exists(path)) File.Replace(beside, path, null);
                else File.Move(beside, path);
            }
            finally
            {
                File.Delete(beside);
            }
        }
    }
}
