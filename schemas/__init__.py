"""The contract between the batch writer and the API reader: records, keys, bytes, manifests."""
