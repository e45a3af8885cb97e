"""Changes out to browsers: messages, encoding, publishing, snapshots, the hub, views."""
