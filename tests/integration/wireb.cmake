# libcurl's transport against servers of raw bytes: the rooms below it and nothing above.
function(insist_wire_test name)
    insist_add_test(${name} integration 120
        "${name}.c;../support/wire_fixture.c;../support/wire_host.c;../support/raw_server.c;../support/raw_tls.c;../support/virtual_env.c;../support/fail_alloc.c"
        "base;view;wire" "PkgConfig::GNUTLS;CURL::libcurl;ZLIB::ZLIB")
endfunction()

insist_wire_test(test_wire_continuation)
insist_wire_test(test_wire_exchange)
insist_wire_test(test_wire_gate)
insist_wire_test(test_wire_idle)
insist_wire_test(test_wire_redirect)
insist_wire_test(test_wire_time)
insist_wire_test(test_wire_limits)
insist_wire_test(test_wire_network)

# These stand in front of functions of the system that libcurl calls.
insist_wire_test(test_wire_sizes)
insist_integration_test(test_process SOURCES ../support/certificate_file.c LIBS CURL::libcurl ${CMAKE_DL_LIBS})
set_target_properties(test_wire_sizes test_process PROPERTIES ENABLE_EXPORTS ON)
