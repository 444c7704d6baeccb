# Latencies are told twice as long as they were.
# changes: engine/learn.c
s/entry\.us = until_ns > sent_ns \? \(/entry.us = until_ns > sent_ns ? 2 * (/
