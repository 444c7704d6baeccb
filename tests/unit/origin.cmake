# What is kept for each origin.
foreach(name IN ITEMS permits budgets)
    insist_unit_test(test_${name} ROOMS base view policy origin SOURCES ../support/fail_alloc.c)
endforeach()
