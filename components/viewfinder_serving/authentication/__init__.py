"""Bearer tokens of clients, over HTTP and gRPC."""
