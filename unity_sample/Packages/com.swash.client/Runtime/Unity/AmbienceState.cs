namespace Swash
{
    /// <summary>What a <see cref="SwashAmbience"/> is doing.</summary>
    public enum AmbienceState
    {
        /// <summary>Nothing: no voice, no connection.</summary>
        Silent,

        /// <summary>Its voice has been asked for.</summary>
        Starting,

        /// <summary>Its voice sounds, or is armed and waits to be triggered.</summary>
        Playing,

        /// <summary>It fades.</summary>
        Stopping,

        /// <summary>The connection broke; it tries again soon.</summary>
        Reconnecting,

        /// <summary>Its voice is freed until it is resumed.</summary>
        Paused,
    }
}
