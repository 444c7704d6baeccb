# What user code may do in a call.
insist_integration_test(test_call_hooks SOURCES pair.c)
insist_integration_test(test_call_events SOURCES pair.c)
insist_integration_test(test_call_logs)
