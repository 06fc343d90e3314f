using System;
using System.Threading.Tasks;

namespace Swash
{
    /// <summary>Work that would cost a frame: on another thread where there are threads, at once on WebGL.</summary>
    internal static class Background
    {
        /// <summary>Whether this player has one thread only, and no audio callbacks.</summary>
        public static bool IsWebGL
        {
            get
            {
#if UNITY_WEBGL && !UNITY_EDITOR
                return true;
#else
                return false;
#endif
            }
        }

        /// <summary>Does it; whoever awaits this on the main thread goes on there.</summary>
        public static Task<T> Run<T>(Func<T> work) => IsWebGL ? Task.FromResult(work()) : Task.Run(work);
    }
}
