"""OpenCord's clock and ear. It holds no database and decides nothing."""
