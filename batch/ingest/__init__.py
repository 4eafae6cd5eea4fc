"""From a folder of files to a data set: resolved rows sharded by user, a catalogue, a manifest."""
