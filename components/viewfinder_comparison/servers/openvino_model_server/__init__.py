"""OpenVINO Model Server, which its user installs."""
