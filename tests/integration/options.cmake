# What plans and options make of calls.
insist_integration_test(test_plan)
