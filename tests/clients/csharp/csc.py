"""Compiles C# 9: Roslyn, from an npm package, on the .NET 8 that a wheel brings.

    python csc.py ORDER.json

The order is what toolchain.py writes. A process of its own: once .NET is in a process it cannot leave it.
Prints what the compiler has to say; exit status 1 when that is an error.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# Of the warnings, all of which are errors: an assembly that two versions of are referred to; not ours to mend.
NOT_OURS = ("CS1701", "CS1702")


def main() -> int:
    """Compile one assembly as the order says."""
    order = json.loads(Path(sys.argv[1]).read_text())
    compiler = _roslyn(order)
    diagnostics, done = _emit(compiler, order)
    for diagnostic in diagnostics:
        print(diagnostic)
    return 0 if done else 1


def _roslyn(order: dict[str, Any]) -> Any:
    """Bring .NET into the process, and the compiler into .NET; return its namespace."""
    import_module("pythonnet").load("coreclr", dotnet_root=order["dotnet"], runtime_config=order["runtime_config"])
    clr = import_module("clr")
    assembly = import_module("System.Reflection").Assembly
    for name in ("Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp"):
        assembly.LoadFrom(f"{order['roslyn']}/{name}.dll")
        clr.AddReference(name)
    return import_module("Microsoft.CodeAnalysis")


def _emit(compiler: Any, order: dict[str, Any]) -> tuple[list[str], bool]:
    """Compile, and return the errors and whether there is an assembly."""
    source_text = import_module("Microsoft.CodeAnalysis.Text").SourceText
    generic = import_module("System.Collections.Generic")
    file = import_module("System.IO").File
    utf8 = import_module("System.Text").Encoding.UTF8
    csharp = compiler.CSharp
    parsing = csharp.CSharpParseOptions.Default.WithLanguageVersion(csharp.LanguageVersion.CSharp9)
    parsing = parsing.WithPreprocessorSymbols(*order["defines"])
    trees = generic.List[compiler.SyntaxTree]()
    for source in order["sources"]:
        text = source_text.From(file.ReadAllText(source), utf8)
        trees.Add(csharp.CSharpSyntaxTree.ParseText(text, parsing, source))
    references = generic.List[compiler.MetadataReference]()
    for path in order["references"]:
        references.Add(compiler.MetadataReference.CreateFromFile(path))

    kinds = {"exe": "ConsoleApplication", "library": "DynamicallyLinkedLibrary"}
    options = csharp.CSharpCompilationOptions(getattr(compiler.OutputKind, kinds[order["target"]]))
    suppressed = generic.List[generic.KeyValuePair[str, compiler.ReportDiagnostic]]()
    for code in NOT_OURS:
        suppressed.Add(
            generic.KeyValuePair[str, compiler.ReportDiagnostic](code, compiler.ReportDiagnostic.Suppress)
        )
    options = (
        options.WithOptimizationLevel(compiler.OptimizationLevel.Release)
        .WithDeterministic(True)
        .WithWarningLevel(5)
        .WithGeneralDiagnosticOption(compiler.ReportDiagnostic.Error)
        .WithSpecificDiagnosticOptions(suppressed)
    )
    compilation = csharp.CSharpCompilation.Create(order["name"], trees, references, options)
    stream = file.Create(order["output"])
    try:
        result = compilation.Emit(stream)
    finally:
        stream.Close()
    said = [str(each) for each in result.Diagnostics if each.Severity == compiler.DiagnosticSeverity.Error]
    return said, bool(result.Success)


if __name__ == "__main__":
    sys.exit(main())
