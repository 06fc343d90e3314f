"""Clients of swash in Python: sync and async."""

from swash_client.async_client import AsyncClient
from swash_client.async_stream import AsyncStream
from swash_client.catalogue import (
    Candidate,
    Effect,
    Engine,
    Limits,
    Parameter,
    Preset,
    Resolution,
    ServerInfo,
)
from swash_client.client import Client
from swash_client.errors import (
    AccessError,
    DamagedSoundError,
    DeadlineError,
    FieldViolation,
    InternalError,
    InvalidRequestError,
    NotReadyError,
    OverloadedError,
    SwashError,
    UnavailableError,
    UnknownSoundError,
)
from swash_client.init_audio import InitAudio
from swash_client.recording import OnProgress
from swash_client.request import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_S, Ask, FileEncoding, LoopMethod, PcmEncoding
from swash_client.sound import (
    Block,
    Header,
    Layer,
    Loop,
    Neural,
    Progress,
    Sound,
    SoundFile,
    Trailer,
    Value,
)
from swash_client.stream import Stream

__all__ = [
    "DEFAULT_ADDRESS",
    "DEFAULT_TIMEOUT_S",
    "AccessError",
    "Ask",
    "AsyncClient",
    "AsyncStream",
    "Block",
    "Candidate",
    "Client",
    "DamagedSoundError",
    "DeadlineError",
    "Effect",
    "Engine",
    "FieldViolation",
    "FileEncoding",
    "Header",
    "InitAudio",
    "InternalError",
    "InvalidRequestError",
    "Layer",
    "Limits",
    "Loop",
    "LoopMethod",
    "Neural",
    "NotReadyError",
    "OnProgress",
    "OverloadedError",
    "Parameter",
    "PcmEncoding",
    "Preset",
    "Progress",
    "Resolution",
    "ServerInfo",
    "Sound",
    "SoundFile",
    "Stream",
    "SwashError",
    "Trailer",
    "UnavailableError",
    "UnknownSoundError",
    "Value",
]
