using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Swash.Unity.Tests")]
