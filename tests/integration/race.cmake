# Races over real sockets.
insist_integration_test(test_races SOURCES ../support/raw_server.c ../support/raw_tls.c LIBS PkgConfig::GNUTLS ${CMAKE_DL_LIBS} TIMEOUT 120)
insist_integration_test(test_races_learnt TIMEOUT 120)
