"""attnd called with other people's tools: grpc-js, buf curl, and bytes written from a specification."""
