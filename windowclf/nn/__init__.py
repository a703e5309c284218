"""The network: arrays only. No word, tag or file is known here."""
