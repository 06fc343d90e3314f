using System.Collections.Generic;

namespace Swash
{
    /// <summary>Where the server has a voice's parameters, as far as it was told: what is new must be sent.</summary>
    internal sealed class SentParameters
    {
        private readonly List<SoundParameter> _sent = new List<SoundParameter>();

        /// <summary>Says that all of these, and no others, went with the voice's start.</summary>
        public void Begin(IEnumerable<SoundParameter> parameters)
        {
            _sent.Clear();
            foreach (SoundParameter parameter in parameters)
                _sent.Add(parameter.Copy());
        }

        /// <summary>Whether the server does not know yet where this one stands.</summary>
        public bool IsNew(SoundParameter parameter)
        {
            SoundParameter sent = Find(parameter.Name);
            return !string.IsNullOrEmpty(parameter.Name) && (sent == null || !sent.SameAs(parameter));
        }

        /// <summary>Says that this one was sent.</summary>
        public void Add(SoundParameter parameter)
        {
            _sent.Remove(Find(parameter.Name));
            _sent.Add(parameter.Copy());
        }

        private SoundParameter Find(string name)
        {
            foreach (SoundParameter sent in _sent) // a few, every frame: this allocates nothing
            {
                if (sent.Name == name)
                    return sent;
            }
            return null;
        }
    }
}
