"""Speaks with protoc: a CodeGeneratorRequest on the standard input, a CodeGeneratorResponse on the output.

The option `lang` names the module of this package that writes: `--swash_opt=lang=csharp`.
"""

import importlib
import sys
from collections.abc import Callable

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse

from tools.protoc_gen_swash.contract import Contract, UnsupportedError
from tools.protoc_gen_swash.reading import read

LANGUAGES = ("csharp", "gdscript")


def answer(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """Return the generated files, or what is wrong with the request."""
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    try:
        generate = _generator(request.parameter)
        for name, text in generate(read(request)).items():
            response.file.add(name=name, content=text)
    except UnsupportedError as error:
        response.error = str(error)
    return response


def _generator(parameter: str) -> Callable[[Contract], dict[str, str]]:
    options = dict(part.partition("=")[::2] for part in parameter.split(",") if part)
    language = options.pop("lang", "")
    if language not in LANGUAGES or options:
        raise UnsupportedError(f"--swash_opt: lang={'|'.join(LANGUAGES)}, got {parameter!r}")
    module = importlib.import_module(f"tools.protoc_gen_swash.{language}")
    generate: Callable[[Contract], dict[str, str]] = module.generate
    return generate


def main() -> None:
    """Answer protoc."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer(request).SerializeToString())


if __name__ == "__main__":
    main()
