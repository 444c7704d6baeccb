# The arithmetic of insist-bench: its rooms that measure nothing themselves.
if(TARGET insist-bench)
    set(rooms cpu.c instant.c load.c load_window.c machine.c overruns.c lateness.c progress.c report.c report_table.c samples.c simulate.c storm_calls.c)
    list(TRANSFORM rooms PREPEND "${INSIST_SOURCE_DIR}bench/")
    insist_add_test(test_bench_figures unit 60 "test_bench_figures.c;${rooms}" no_sleep "insist_yardstick;insist::insist;Threads::Threads;m")
    target_include_directories(test_bench_figures PRIVATE "${INSIST_SOURCE_DIR}")
endif()
