"""Training, one package a job; torch is imported here and nowhere else (extra `train`)."""
