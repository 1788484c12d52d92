"""The client for a served model: what a request says, how it is sent, what the answer means."""
