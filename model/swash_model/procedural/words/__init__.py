"""How words are understood: from a sentence to effects, parameters and a length. The words lie in lexicon/."""
