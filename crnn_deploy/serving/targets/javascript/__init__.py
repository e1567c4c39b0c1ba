"""What the targets `node` and `web` share: pre-processing and decoding in JavaScript, and the packages of npm."""
