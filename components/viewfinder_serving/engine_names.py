"""The names of what computes, without importing any of it."""

OPENVINO, TENSORFLOW = "openvino", "tensorflow"
ENGINES = (OPENVINO, TENSORFLOW)
