# What user code may do in a call.
insist_integration_test(test_call_hooks)
insist_integration_test(test_call_events)
insist_integration_test(test_call_logs)
