using UnityEditor;

namespace Swash.Editor
{
    /// <summary>Ends every call before the editor loads code anew, enters or leaves play mode, or quits.</summary>
    /// <remarks>A connection that outlives its code keeps the editor waiting.</remarks>
    [InitializeOnLoad]
    public static class SwashLifetime
    {
        static SwashLifetime()
        {
            AssemblyReloadEvents.beforeAssemblyReload += End;
            EditorApplication.quitting += End;
            EditorApplication.playModeStateChanged += OnPlayMode;
        }

        private static void End()
        {
            SwashConnection.Shutdown();
            SwashServices.Shutdown();
        }

        private static void OnPlayMode(PlayModeStateChange change)
        {
            if (change == PlayModeStateChange.ExitingEditMode || change == PlayModeStateChange.ExitingPlayMode)
            {
                SwashConnection.Shutdown();
            }
        }
    }
}
