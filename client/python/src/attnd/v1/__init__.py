"""The protocol's messages, attnd.v1, generated from proto/attnd/v1 when the package is built."""
