"""What clients' readers and writers are compared on: the contract's messages, and every_kind.proto's."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from swash.v1 import sound_pb2
from tools.generate_proto import protoc

DATA = Path(__file__).parent.parent / "data"
PROTO = "every_kind.proto"


def module(into: Path) -> ModuleType:
    """Compile every_kind.proto into a folder, and return its Python."""
    assert protoc(f"--proto_path={DATA}", f"--python_out={into}", PROTO) == 0
    spec = importlib.util.spec_from_file_location("every_kind_pb2", into / "every_kind_pb2.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def types(every_kind: ModuleType) -> list[type[Message]]:
    """Return every message type that our plugin writes."""
    found = [*_types(sound_pb2), *_types(every_kind), any_pb2.Any, duration_pb2.Duration]
    return [*found, *_types(status_pb2), error_details_pb2.BadRequest, error_details_pb2.RetryInfo]


def _types(of: ModuleType) -> Iterator[type[Message]]:
    for descriptor in of.DESCRIPTOR.message_types_by_name.values():
        yield from (GetMessageClass(each) for each in _with_nested(descriptor))


def _with_nested(descriptor: Descriptor) -> Iterator[Descriptor]:
    yield descriptor
    for nested in descriptor.nested_types:
        if not nested.GetOptions().map_entry:
            yield from _with_nested(nested)
