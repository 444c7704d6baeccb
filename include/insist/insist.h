/* insist: HTTP calls that insist on a good answer. This header takes in all the others but the test server's.
 * Since 0.1.0. */
#ifndef INSIST_INSIST_H
#define INSIST_INSIST_H

#include <insist/api.h>
#include <insist/client.h>
#include <insist/error.h>
#include <insist/execution.h>
#include <insist/hooks.h>
#include <insist/log.h>
#include <insist/network.h>
#include <insist/plan.h>
#include <insist/policy.h>
#include <insist/preset.h>
#include <insist/race.h>
#include <insist/result.h>
#include <insist/transport.h>

#endif
