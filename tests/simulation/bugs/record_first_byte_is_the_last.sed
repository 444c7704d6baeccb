# The record says that the first byte came when the last did.
# changes: engine/record.c
s/(\.first_byte_us = .*)first_byte_ns/\1ended_ns/
