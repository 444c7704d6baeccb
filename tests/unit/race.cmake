# Races: schedulers, starters, and what a wave makes of them.
insist_unit_test(test_race ROOMS base view policy origin SOURCES ../support/fail_alloc.c)
insist_unit_test(test_throttle ROOMS base view policy)
insist_unit_test(test_race_model ROOMS base view engine SOURCES ../support/world.c TIMEOUT 60)
