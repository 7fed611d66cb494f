"""OpenCord's app: the brain, the hands and the memory. `python -m app` starts it."""
