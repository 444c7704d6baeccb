insist_unit_test(test_execution ROOMS base view engine SOURCES ../support/world.c)
insist_unit_test(test_waves ROOMS base view engine SOURCES ../support/world.c)
insist_unit_test(test_streams ROOMS base view engine SOURCES ../support/world.c)
insist_unit_test(test_interleavings ROOMS base view engine SOURCES ../support/world.c TIMEOUT 60)
