"""The life of a generation: lease, write beside, verify, gate, flip, retire."""
