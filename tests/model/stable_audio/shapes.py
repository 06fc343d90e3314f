"""The networks of a config, as shapes alone, by the prefix that their tensors have in a file."""

import torch
from torch import nn

from swash_model.stable_audio.conditioner import SecondsEmbedder
from swash_model.stable_audio.config import Config
from swash_model.stable_audio.dit import DiffusionTransformer
from swash_model.stable_audio.oobleck import Decoder, Encoder


def networks_of(config: Config) -> dict[str, nn.Module]:
    with torch.device("meta"):
        return {
            "model.model.": DiffusionTransformer(config.dit),
            "conditioner.conditioners.seconds_total.embedder.": SecondsEmbedder(config.conditioner),
            "pretransform.model.encoder.": Encoder(config.encoder),
            "pretransform.model.decoder.": Decoder(config.decoder),
        }
