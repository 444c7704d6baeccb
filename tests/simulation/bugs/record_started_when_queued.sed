# The record says that an attempt was started when it was queued: its wait for room is not seen.
# changes: engine/record.c
s/(\.started_us = .*)started_ns/\1queued_ns/
