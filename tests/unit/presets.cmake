# Presets, with the test's own random numbers.
insist_unit_test(test_presets ROOMS base view policy engine origin
    SOURCES ../../src/call/preset.c ../../src/call/exhausted.c ../../src/call/options.c ../support/world.c ../support/fail_alloc.c)
if(TARGET test_presets)
    target_link_options(test_presets PRIVATE "LINKER:--wrap=insist_random_unit")
endif()
