# Races: schedulers, starters, and what a wave makes of them.
insist_unit_test(test_race ROOMS base view policy origin SOURCES ../support/fail_alloc.c)
insist_unit_test(test_throttle ROOMS base view policy)
insist_unit_test(test_race_model ROOMS base view engine SOURCES ../support/world.c TIMEOUT 60)
insist_unit_test(test_race_learnt ROOMS base view policy engine origin SOURCES ../support/world.c ../support/fail_alloc.c)
if(TARGET test_race_learnt)
    target_link_libraries(test_race_learnt PRIVATE m)
endif()
