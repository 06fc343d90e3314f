"""The networks of a config as shapes alone: what a file must hold, and what a sound costs, without any weights."""

import torch
from torch import nn
from transformers import T5Config, T5EncoderModel

from swash_model.stable_audio.conditioner import SecondsEmbedder
from swash_model.stable_audio.config import Config
from swash_model.stable_audio.dit import DiffusionTransformer
from swash_model.stable_audio.oobleck import Decoder, Encoder

DIT, SECONDS = "model.model.", "conditioner.conditioners.seconds_total.embedder."
ENCODER, DECODER = "pretransform.model.encoder.", "pretransform.model.decoder."


def networks_of(config: Config) -> dict[str, nn.Module]:
    """Return the networks by the prefix that their tensors have in a file of weights."""
    with torch.device("meta"):
        return {
            DIT: DiffusionTransformer(config.dit),
            SECONDS: SecondsEmbedder(config.conditioner),
            ENCODER: Encoder(config.encoder),
            DECODER: Decoder(config.decoder),
        }


def t5_of(config: T5Config) -> T5EncoderModel:
    """Return the encoder of a T5."""
    with torch.device("meta"):
        return T5EncoderModel(config)
