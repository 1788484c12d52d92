"""TLS for HTTP and gRPC, with a certificate that may change."""
