/* A call as one JSON object. Pure: account in, text out. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli/account.h"

/* One line, with its line feed; to be freed with free(). NULL when memory is out. */
char *json_of_account(const struct account *account);

#endif
