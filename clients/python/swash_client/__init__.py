"""Clients of swash in Python: sync and async."""

from swash_client.async_client import AsyncClient
from swash_client.async_session import AsyncCommand, AsyncSession
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
    UnknownTagError,
)
from swash_client.init_audio import InitAudio
from swash_client.live import Applied, Closed, Live, OnEnded, OnRefused, Opened, Voice
from swash_client.preload import Manifest, PreloadedTake, PreloadProgress, Unloaded
from swash_client.recording import OnProgress
from swash_client.request import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_S, Ask, FileEncoding, LoopMethod, PcmEncoding
from swash_client.session import Command, Session
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
    "Applied",
    "Ask",
    "AsyncClient",
    "AsyncCommand",
    "AsyncSession",
    "AsyncStream",
    "Block",
    "Candidate",
    "Client",
    "Closed",
    "Command",
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
    "Live",
    "Loop",
    "LoopMethod",
    "Manifest",
    "Neural",
    "NotReadyError",
    "OnEnded",
    "OnProgress",
    "OnRefused",
    "Opened",
    "OverloadedError",
    "Parameter",
    "PcmEncoding",
    "PreloadProgress",
    "PreloadedTake",
    "Preset",
    "Progress",
    "Resolution",
    "ServerInfo",
    "Session",
    "Sound",
    "SoundFile",
    "Stream",
    "SwashError",
    "Trailer",
    "UnavailableError",
    "UnknownSoundError",
    "UnknownTagError",
    "Unloaded",
    "Value",
    "Voice",
]
