# Whole calls as three other libraries make them.
insist_integration_test(test_presets_called)
insist_integration_test(test_parity SOURCES pair.c ../support/crowd.c)
