# Of an answer that goes to a sink, and has ended when its headers are seen, the latency is told to its end.
# changes: engine/learn.c
/^static int64_t end_of/,/^}/s/attempt->committed && progress->first_byte_ns != 0/false/
