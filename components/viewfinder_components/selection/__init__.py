"""Find a published version that is to be deployed, and the test photos that it keeps."""
