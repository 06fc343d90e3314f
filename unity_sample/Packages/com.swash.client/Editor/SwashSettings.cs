using UnityEditor;

namespace Swash.Editor
{
    /// <summary>What the editor remembers of swash, for this user on this machine.</summary>
    public static class SwashSettings
    {
        private const string ServerKey = "swash.server";
        private const string FolderKey = "swash.bake_folder";

        /// <summary>Where the swash window and the inspectors ask.</summary>
        public static string Server
        {
            get => EditorPrefs.GetString(ServerKey, SwashConnection.DefaultServer);
            set => EditorPrefs.SetString(ServerKey, value);
        }

        /// <summary>The project's folder that sounds are baked into; it begins with "Assets".</summary>
        public static string BakeFolder
        {
            get => EditorPrefs.GetString(FolderKey, "Assets/Sounds");
            set => EditorPrefs.SetString(FolderKey, value);
        }
    }
}
