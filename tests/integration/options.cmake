# What plans and options make of calls.
insist_integration_test(test_plan SOURCES pair.c)
insist_integration_test(test_client_network SOURCES ../support/relay.c LIBS CURL::libcurl)
insist_integration_test(test_numbers SOURCES pair.c LIBS m)
