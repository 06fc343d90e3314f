"""What can be wrong with the files of a model."""

from swash_model.errors import SoundError


class ModelFilesError(SoundError):
    """The files of the model are missing, damaged, or of another model; the message says which and how."""
