# Scripts in action: overload, and the same answers again.
foreach(test IN ITEMS test_testserver_overload test_testserver_replay)
    insist_add_test(${test} integration 120 "${test}.c;testserver_peer.c" "" "${testserver_libs}")
endforeach()
