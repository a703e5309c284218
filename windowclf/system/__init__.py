"""Files, streams, stores, locks and threads: what the operating system gives."""
