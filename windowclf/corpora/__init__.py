"""From what the user names to labelled sentences: folders, files, the hub, data sets."""
