foreach(name IN ITEMS error header_text list problem random size_math time_math)
    insist_unit_test(test_${name} ROOMS base)
endforeach()
foreach(name IN ITEMS body headers support timers)
    insist_unit_test(test_${name} ROOMS base SOURCES ../support/fail_alloc.c ../support/virtual_env.c)
endforeach()

# These two stand between the room and the system, to make it refuse and to see what it was asked.
insist_unit_test(test_env ROOMS base SOURCES ../support/fail_alloc.c)
if(TARGET test_env)
    target_link_options(test_env PRIVATE "LINKER:--wrap=getrandom" "LINKER:--wrap=clock_gettime")
endif()
insist_thread_test(test_sync ROOMS base)
if(TARGET test_sync)
    foreach(symbol IN ITEMS pthread_mutex_init pthread_condattr_init pthread_condattr_setclock pthread_cond_init
            pthread_cond_timedwait)
        target_link_options(test_sync PRIVATE "LINKER:--wrap=${symbol}")
    endforeach()
endif()
