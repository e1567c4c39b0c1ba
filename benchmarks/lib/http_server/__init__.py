"""The server of `package --target http` as a process, and clients of it."""
