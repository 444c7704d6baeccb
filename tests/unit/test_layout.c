/* The layout of what is public, as programs that are already built know it: fields stay where they are, new ones are
 * appended, and what is handed over by value never grows. The compiler is the test; a field that is appended gets a line
 * here. Offsets are those of a 64-bit system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include <insist/insist.h>
#include <insist/testserver.h>

#if UINTPTR_MAX == UINT64_MAX

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define IS(type, size)          _Static_assert(sizeof(type) == (size), #type " is handed over by value")

IS(insist_problem, 196);
IS(insist_pair, 16);
IS(insist_decider, 24);
IS(insist_waiter, 24);
IS(insist_scheduler, 24);
IS(insist_starter, 32);

AT(insist_problem, err, 0);
AT(insist_problem, field, 4);
AT(insist_problem, text, 36);

AT(insist_reader, read, 0);
AT(insist_reader, rewind, 8);
AT(insist_reader, close, 16);
AT(insist_reader, ctx, 24);
AT(insist_reader, length, 32);

AT(insist_pair, name, 0);
AT(insist_pair, value, 8);

AT(insist_decider, decide, 0);
AT(insist_decider, ctx, 8);
AT(insist_decider, release, 16);

AT(insist_waiter, wait, 0);
AT(insist_waiter, ctx, 8);
AT(insist_waiter, release, 16);

AT(insist_scheduler, schedule, 0);
AT(insist_scheduler, ctx, 8);
AT(insist_scheduler, release, 16);

AT(insist_starter, start, 0);
AT(insist_starter, ctx, 8);
AT(insist_starter, release, 16);
AT(insist_starter, not_started, 24);

AT(insist_throttle_window, starts, 0);
AT(insist_throttle_window, period_ms, 8);

AT(insist_validator, validate, 0);
AT(insist_validator, ctx, 8);

AT(insist_preparer, prepare, 0);
AT(insist_preparer, ctx, 8);

AT(insist_on_exhausted, replace, 0);
AT(insist_on_exhausted, ctx, 8);

AT(insist_log_pair, key, 0);
AT(insist_log_pair, value, 8);

AT(insist_logger, log, 0);
AT(insist_logger, ctx, 8);
AT(insist_logger, level, 16);

AT(insist_tls_options, size, 0);
AT(insist_tls_options, ca_file, 8);
AT(insist_tls_options, insecure, 16);
AT(insist_tls_options, ca_dir, 24);
AT(insist_tls_options, certificate_file, 32);
AT(insist_tls_options, key_file, 40);
AT(insist_tls_options, key_password, 48);
AT(insist_tls_options, pinned_key, 56);
AT(insist_tls_options, min_version, 64);

AT(insist_net_options, size, 0);
AT(insist_net_options, proxy, 8);
AT(insist_net_options, no_proxy, 16);
AT(insist_net_options, interface, 24);
AT(insist_net_options, unix_socket, 32);
AT(insist_net_options, resolve, 40);
AT(insist_net_options, resolve_count, 48);
AT(insist_net_options, connect_to, 56);
AT(insist_net_options, connect_to_count, 64);
AT(insist_net_options, ip_version, 72);
AT(insist_net_options, idle_ms, 80);
AT(insist_net_options, life_ms, 88);
AT(insist_net_options, keepalive_idle_ms, 96);
AT(insist_net_options, keepalive_every_ms, 104);
AT(insist_net_options, connect_timeout_ms, 112);
AT(insist_net_options, first_byte_timeout_ms, 120);
AT(insist_net_options, stall_ms, 128);
AT(insist_net_options, stall_bytes_per_s, 136);

AT(insist_client_options, size, 0);
AT(insist_client_options, retry, 8);
AT(insist_client_options, timeout, 16);
AT(insist_client_options, handlers, 24);
AT(insist_client_options, budget, 32);
AT(insist_client_options, tls, 40);
AT(insist_client_options, user_agent, 48);
AT(insist_client_options, thread_name, 56);
AT(insist_client_options, deadline_ms, 64);
AT(insist_client_options, max_body_bytes, 72);
AT(insist_client_options, max_header_bytes, 80);
AT(insist_client_options, idle_unsafe_ms, 88);
AT(insist_client_options, seed, 96);
AT(insist_client_options, workers, 104);
AT(insist_client_options, max_redirects, 108);
AT(insist_client_options, max_in_flight, 112);
AT(insist_client_options, max_in_flight_origin, 116);
AT(insist_client_options, max_waiting, 120);
AT(insist_client_options, http_version, 124);
AT(insist_client_options, repeat_unsafe, 128);
AT(insist_client_options, no_redirects, 129);
AT(insist_client_options, no_gzip, 130);
AT(insist_client_options, validator, 136);
AT(insist_client_options, prepare_retry, 144);
AT(insist_client_options, on_exhausted, 152);
AT(insist_client_options, hidden_query_keys, 160);
AT(insist_client_options, net, 168);
AT(insist_client_options, race, 176);
AT(insist_client_options, logger, 184);
AT(insist_client_options, failures_kept, 192);
AT(insist_client_options, curl_setup, 200);
AT(insist_client_options, curl_setup_ctx, 208);
AT(insist_client_options, transport, 216);
AT(insist_client_options, workers_only, 224);

AT(insist_stats, size, 0);
AT(insist_stats, calls, 8);
AT(insist_stats, calls_done, 16);
AT(insist_stats, attempts, 24);
AT(insist_stats, retries, 32);
AT(insist_stats, hedges, 40);
AT(insist_stats, attempt_timeouts, 48);
AT(insist_stats, deadlines, 56);
AT(insist_stats, budget_refusals, 64);
AT(insist_stats, queue_refusals, 72);
AT(insist_stats, resends_blocked, 80);
AT(insist_stats, stale_connections, 88);
AT(insist_stats, in_flight, 96);
AT(insist_stats, waiting, 104);
AT(insist_stats, running, 112);

AT(insist_call_options, size, 0);
AT(insist_call_options, retry, 8);
AT(insist_call_options, timeout, 16);
AT(insist_call_options, handlers, 24);
AT(insist_call_options, cancel, 32);
AT(insist_call_options, sink, 40);
AT(insist_call_options, deadline_ms, 48);
AT(insist_call_options, deadline_at_ns, 56);
AT(insist_call_options, validator, 64);
AT(insist_call_options, prepare_retry, 72);
AT(insist_call_options, on_exhausted, 80);
AT(insist_call_options, race, 88);
AT(insist_call_options, failures_kept, 96);

AT(insist_sink, write, 0);
AT(insist_sink, rewind, 8);
AT(insist_sink, ctx, 16);

AT(insist_fd_sink, fd, 0);
AT(insist_fd_sink, start, 8);

AT(insist_attempt_record, index, 0);
AT(insist_attempt_record, wave, 4);
AT(insist_attempt_record, kind, 8);
AT(insist_attempt_record, reactor, 12);
AT(insist_attempt_record, connection, 16);
AT(insist_attempt_record, reused, 24);
AT(insist_attempt_record, address, 32);
AT(insist_attempt_record, queued_us, 40);
AT(insist_attempt_record, started_us, 48);
AT(insist_attempt_record, connected_us, 56);
AT(insist_attempt_record, sent_us, 64);
AT(insist_attempt_record, first_byte_us, 72);
AT(insist_attempt_record, ended_us, 80);
AT(insist_attempt_record, bytes, 88);
AT(insist_attempt_record, status, 96);
AT(insist_attempt_record, error, 100);
AT(insist_attempt_record, os_errno, 104);
AT(insist_attempt_record, sent, 108);
AT(insist_attempt_record, why_started, 112);
AT(insist_attempt_record, wait_us, 120);
AT(insist_attempt_record, why_ended, 128);

AT(insist_failure, time_s, 0);
AT(insist_failure, method, 8);
AT(insist_failure, url, 16);
AT(insist_failure, racer, 24);
AT(insist_failure, attempt, 28);
AT(insist_failure, status, 32);
AT(insist_failure, error, 36);

AT(insist_testserver_options, size, 0);
AT(insist_testserver_options, bind, 8);
AT(insist_testserver_options, port, 16);
AT(insist_testserver_options, admin_port, 18);
AT(insist_testserver_options, tls, 20);
AT(insist_testserver_options, seed, 24);
AT(insist_testserver_options, journal_limit, 32);
AT(insist_testserver_options, tls_fault, 40);
AT(insist_testserver_options, connection_limit, 48);
AT(insist_testserver_options, idle_timeout_s, 56);
AT(insist_testserver_options, no_familiar, 60);
AT(insist_testserver_options, body_limit, 64);
AT(insist_testserver_options, admin_prefix, 72);
AT(insist_testserver_options, admin, 80);
AT(insist_testserver_options, scripts, 88);

AT(insist_testserver_step, size, 0);
AT(insist_testserver_step, fault, 8);
AT(insist_testserver_step, status, 12);
AT(insist_testserver_step, cut_bytes, 16);
AT(insist_testserver_step, delay_ms, 24);
AT(insist_testserver_step, delay_us, 32);
AT(insist_testserver_step, service_us, 40);

AT(insist_testserver_stats, size, 0);
AT(insist_testserver_stats, connections_accepted, 8);
AT(insist_testserver_stats, connections_open, 16);
AT(insist_testserver_stats, requests, 24);
AT(insist_testserver_stats, in_flight, 32);
AT(insist_testserver_stats, held, 40);
AT(insist_testserver_stats, held_peak, 48);
AT(insist_testserver_stats, journal_dropped, 56);
AT(insist_testserver_stats, in_flight_peak, 64);
AT(insist_testserver_stats, client_aborts, 72);
AT(insist_testserver_stats, incomplete, 80);
AT(insist_testserver_stats, duplicates, 88);
AT(insist_testserver_stats, uncounted, 96);
AT(insist_testserver_stats, connections_faulted, 104);
AT(insist_testserver_stats, connections_dropped, 112);
AT(insist_testserver_stats, listening, 120);
AT(insist_testserver_stats, in_service, 128);
AT(insist_testserver_stats, queued, 136);
AT(insist_testserver_stats, refused, 144);

AT(insist_testserver_field, name, 0);
AT(insist_testserver_field, value, 8);

AT(insist_testserver_entry, number, 0);
AT(insist_testserver_entry, time_us, 8);
AT(insist_testserver_entry, read_us, 16);
AT(insist_testserver_entry, ended_us, 24);
AT(insist_testserver_entry, connection, 32);
AT(insist_testserver_entry, place, 40);
AT(insist_testserver_entry, method, 48);
AT(insist_testserver_entry, path, 56);
AT(insist_testserver_entry, query, 64);
AT(insist_testserver_entry, key, 72);
AT(insist_testserver_entry, field_count, 80);
AT(insist_testserver_entry, fields, 88);
AT(insist_testserver_entry, body_bytes, 96);
AT(insist_testserver_entry, body_sha256, 104);
AT(insist_testserver_entry, status, 112);
AT(insist_testserver_entry, fault, 116);
AT(insist_testserver_entry, client_gone, 120);
AT(insist_testserver_entry, gone_bytes, 128);
AT(insist_testserver_entry, delivery, 136);

#endif

/* Each options struct says how long it is, and begins with that. */
static void options_tell_their_size(void **state) {
    (void)state;
    insist_client_options client;
    insist_call_options call;
    insist_tls_options tls;
    insist_net_options net;
    insist_client_options_init(&client);
    insist_call_options_init(&call);
    insist_tls_options_init(&tls);
    insist_net_options_init(&net);
    assert_int_equal(client.size, sizeof client);
    assert_int_equal(call.size, sizeof call);
    assert_int_equal(tls.size, sizeof tls);
    assert_int_equal(net.size, sizeof net);
    insist_client_options_init(NULL);
    insist_call_options_init(NULL);
    insist_tls_options_init(NULL);
    insist_net_options_init(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(options_tell_their_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
