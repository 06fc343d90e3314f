namespace Swash.Editor
{
    /// <summary>What all inspectors share while the editor's code is loaded.</summary>
    public static class SwashServices
    {
        private static EffectCatalogue _catalogue;

        /// <summary>What the server of <see cref="SwashSettings.Server"/> offers.</summary>
        public static EffectCatalogue Catalogue
        {
            get
            {
                string server = SwashSettings.Server;
                if (_catalogue == null) _catalogue = new EffectCatalogue(server, address => new SwashClient(address, AccessToken.FromEnvironment()));
                _catalogue.Server = server;
                return _catalogue;
            }
        }

        /// <summary>Ends every call; the next look at the catalogue asks anew.</summary>
        public static void Shutdown()
        {
            _catalogue?.Dispose();
            _catalogue = null;
        }
    }
}
